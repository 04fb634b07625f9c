"""What a file is, judged by its bytes, and whether the hub takes it.

The sender's name and declared type are claims. They can only narrow the answer: a claim that the content contradicts is
refused, because a file that lies about itself is either broken or meant to be opened by mistake.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.attachments.formats import (
    ACCEPTED,
    ALIASES,
    DANGEROUS_SUFFIXES,
    LABELS,
    OLE_STREAMS,
    PROGRAM,
    SIGNATURES,
    SUFFIXES,
    TEXT_SUFFIXES,
    ZIP_MEMBERS,
)
from core.attachments.plain_text import looks_like_text, markup_of
from core.domain.errors import FileRefused

_INSTEAD = "Send it as PDF, picture or text."
_REASONS = {
    PROGRAM: ("file_program", "Send a picture of it, or its text."),
    "image/svg+xml": ("file_svg", "Send it as PNG."),
}
_SAMPLE = 64 * 1024
_DIRECTORY_TAIL = 1024 * 1024
_PART, _OVERLAP = 1024 * 1024, 128
_AMR = b"#!AMR"
"""Letters alone, and a short silence behind them can look like text."""
_ISO_HANDLER = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
"""The handler box of a track (ISO/IEC 14496-12, 8.4.3); it stands at either end of the file."""
_MATROSKA_CODEC = re.compile(rb"\x86.([VA])_", re.DOTALL)
"""The element CodecID of a track (RFC 9559, 5.1.4.1.21), before all sound and pictures."""
_MATROSKA = re.compile(rb".{4}.{0,60}matroska", re.DOTALL)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class AttachmentPolicy:
    """What is taken. ``max_bytes`` per file; ``accept`` holds media types as :func:`identify` names them."""

    max_bytes: int = 10 * 1024 * 1024
    accept: frozenset[str] = ACCEPTED

    def suffixes(self) -> tuple[str, ...]:
        """File name endings to offer in a file chooser, sorted."""
        found = {suffix for media_type in self.accept for suffix in SUFFIXES.get(media_type, ())}
        return tuple(sorted(found))


def identify(path: Path, *, name: str, declared_type: str | None, policy: AttachmentPolicy) -> str:
    """The media type of a complete file. Raises FileRefused with a sentence for the sender."""
    suffix = PurePath(name).suffix.lower()
    if suffix in DANGEROUS_SUFFIXES:
        raise FileRefused(
            f"“{name}” is a program or a script. Such files are not accepted. Send a picture of it, or its text.",
            "file_program",
        )
    found = _by_content(path, suffix)
    if found is None:
        raise FileRefused(f"“{name}” is of a kind that is not known here, so it was not accepted. {_INSTEAD}")
    if _contradicts(suffix, declared_type, found):
        label = LABELS.get(found, found)
        raise FileRefused(
            f"“{name}” is not what its name says: its content is {label}. It was not accepted. Save it in its own format.",
            "file_mismatch",
        )
    if found not in policy.accept:
        code, instead = _REASONS.get(found, ("file_type", _INSTEAD))
        raise FileRefused(
            f"“{name}” is {LABELS.get(found, found)}. Files of this kind are not accepted. {instead}", code
        )
    return found


def with_ending(name: str, media_type: str) -> str:
    """The name of a recording with an ending by which players know it: platforms often send voice notes without one."""
    if not media_type.startswith(("audio/", "video/")):
        return name
    known = {each for kind, endings in SUFFIXES.items() if _family(kind) == "recording" for each in endings}
    return name if PurePath(name).suffix.lower() in known else f"{name}{SUFFIXES[media_type][0]}"


def _by_content(path: Path, suffix: str) -> str | None:
    if path.stat().st_size == 0:
        raise FileRefused("The file is empty. Choose it again, or another one.", "empty_file")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        sample = content[:_SAMPLE]
        if sample[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return _inside_zip(content)
        if sample.startswith(_OLE):
            return _inside_ole(content)
        if b"%PDF-" in sample[:1024]:
            return "application/pdf"
        if sample.startswith(b"{\\rtf"):
            return "application/rtf"
        if not sample.startswith(_AMR) and looks_like_text(sample, whole=len(content) <= _SAMPLE):
            return markup_of(sample) or TEXT_SUFFIXES.get(suffix, "text/plain")
        return by_tracks(_by_signature(sample), content)


def _by_signature(sample: bytes) -> str | None:
    """Only for content that is not text: “BMW” and “MZ” also start honest sentences."""
    return next((media_type for media_type, offset, magic in SIGNATURES if sample.startswith(magic, offset)), None)


def by_tracks(media_type: str | None, content: mmap.mmap) -> str | None:
    """``audio/...`` in place of ``video/...`` for what holds only sound; Matroska that no browser plays is told from WebM."""
    if media_type == "video/webm":
        head = content[:_SAMPLE]
        if _MATROSKA.match(head):
            return "video/x-matroska"
        tracks = {found[1] for found in _MATROSKA_CODEC.finditer(head)}
        return "audio/webm" if tracks == {b"A"} else media_type
    if media_type in ("video/mp4", "video/3gpp"):
        tracks = {found[1] for part in _parts(content) for found in _ISO_HANDLER.finditer(part)}
        return media_type.replace("video/", "audio/") if tracks == {b"soun"} else media_type
    return media_type


def _inside_zip(content: mmap.mmap) -> str:
    """Member names stand uncompressed in the central directory at the end, so nothing has to be unpacked to see them."""
    directory = content[max(0, len(content) - _DIRECTORY_TAIL) :]
    plain = "application/epub+zip" if b"mimetypeapplication/epub+zip" in content[:128] else "application/zip"
    return next((media_type for media_type, member in ZIP_MEMBERS if member in directory), plain)


def _inside_ole(content: mmap.mmap) -> str | None:
    """Stream names are UTF-16 in the compound file's directory, which may be anywhere in it."""
    names = {media_type: stream.encode("utf-16-le") for media_type, stream in OLE_STREAMS}
    found = {media_type for part in _parts(content) for media_type, name in names.items() if name in part}
    return next((media_type for media_type in names if media_type in found), None)


def _parts(content: mmap.mmap) -> Iterator[bytes]:
    """The whole file in parts that overlap. None stays in memory: a sparse file costs its sender nothing."""
    for start in range(0, len(content), _PART):
        yield content[start : start + _PART + _OVERLAP]
        if hasattr(mmap, "MADV_DONTNEED"):  # Windows has none
            content.madvise(mmap.MADV_DONTNEED)


def _contradicts(suffix: str, declared_type: str | None, found: str) -> bool:
    """A known ending decides; without one, a specific declared type does. Within one family nobody is misled."""
    claimed = {media_type for media_type, suffixes in SUFFIXES.items() if suffix in suffixes}
    if not claimed and not suffix and declared_type:
        plain = declared_type.split(";")[0].strip().lower()
        plain = ALIASES.get(plain, plain)
        claimed = {plain} if plain in SUFFIXES else set()
    return bool(claimed) and _family(found) not in {_family(each) for each in claimed}


def _family(media_type: str) -> str:
    """Pictures and recordings mislabelled by phones and text under another text's name are honest mistakes; the rest is exact."""
    if media_type in ("image/svg+xml", "text/html"):
        return media_type
    if media_type.startswith(("audio/", "video/")):
        return "recording"
    if media_type.startswith(("image/", "text/")) or media_type in TEXT_SUFFIXES.values():
        return "image" if media_type.startswith("image/") else "text"
    return media_type
