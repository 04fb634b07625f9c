"""winmail.dat: what Outlook packs text and files into when it thinks that it writes to Outlook (TNEF)."""

from __future__ import annotations

import logging
import mimetypes
from dataclasses import dataclass

from tnefparse import TNEF  # type: ignore[import-untyped]

from channels.email.charset import clean, text_of
from channels.email.html_text import html_to_text
from channels.email.part_file import PartFile

_QUIET = logging.getLogger("tnef-decode")
_QUIET.addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was inside."""

    text: str
    files: tuple[PartFile, ...]


def unpacked(data: bytes) -> Unpacked | None:
    """None when it cannot be read: then the whole of it is a file like others."""
    try:
        tnef = TNEF(data)
        text = _text(tnef)
        files = tuple(_file(one, number) for number, one in enumerate(tnef.attachments, 1) if one.data)
    except Exception:  # the format is read by trial; whatever fails in it, the file itself is still there
        return None
    return Unpacked(text, files) if text or files else None


def _text(tnef: TNEF) -> str:
    for body, convert in ((tnef.body, False), (tnef.htmlbody, True)):
        if body:
            text = text_of(body, tnef.codepage) if isinstance(body, bytes) else clean(str(body))
            return html_to_text(text) if convert else text.strip("\x00")
    return ""


def _file(attachment: object, number: int) -> PartFile:
    name = attachment.long_filename() if hasattr(attachment, "long_filename") else ""
    shown = clean(str(name or f"file-{number}")).replace("\\", "/").rpartition("/")[2]
    kind = mimetypes.guess_type(shown)[0] or "application/octet-stream"
    return PartFile(shown, kind, bytes(getattr(attachment, "data", b"")))
