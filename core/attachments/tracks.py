"""Whether a container of sound and film holds a picture: recorders of voice name their files like films."""

from __future__ import annotations

import mmap
import re

_HEAD = 64 * 1024
_ISO_HANDLER = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
"""The handler box of a track (ISO/IEC 14496-12, 8.4.3); it stands at either end of the file."""
_MATROSKA_CODEC = re.compile(rb"\x86.([VA])_", re.DOTALL)
"""The element CodecID of a track (RFC 9559, 5.1.4.1.21), before all sound and pictures."""
_MATROSKA = re.compile(rb".{4}.{0,60}matroska", re.DOTALL)


def by_tracks(media_type: str | None, content: mmap.mmap) -> str | None:
    """``audio/...`` in place of ``video/...`` for what holds only sound; Matroska that no browser plays is told from WebM."""
    if media_type == "video/webm":
        head = content[:_HEAD]
        if _MATROSKA.match(head):
            return "video/x-matroska"
        tracks = {found[1] for found in _MATROSKA_CODEC.finditer(head)}
        return "audio/webm" if tracks == {b"A"} else media_type
    if media_type in ("video/mp4", "video/3gpp"):
        tracks = {found[1] for found in _ISO_HANDLER.finditer(content)}
        return media_type.replace("video/", "audio/") if tracks == {b"soun"} else media_type
    return media_type
