"""winmail.dat: what Outlook packs text and files into when it thinks that it writes to Outlook (TNEF)."""

from __future__ import annotations

import logging
import mimetypes
import struct
from dataclasses import dataclass

from tnefparse import TNEF  # type: ignore[import-untyped]

from channels.email.charset import clean, text_of
from channels.email.html_text import html_to_text
from channels.email.part_file import LONGEST_NAME, PartFile

_OBJECTS = 1_000
"""The library copies all that follows for each object of a file."""
_OBJECT_HEAD = struct.Struct("<BHHI")
_AROUND_OBJECT = 11
"""Bytes of an object besides its data: its head and its checksum."""
_FIRST_OBJECT = 6


class _RefuseMissingProperties(logging.Filter):
    """The library only logs that a file announces more properties than it has, up to four thousand million of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "Skipping property" in str(record.msg):
            raise ValueError("The file ends before its properties.")
        return False


logging.getLogger("tnefparse").addFilter(_RefuseMissingProperties())


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was inside."""

    text: str
    files: tuple[PartFile, ...]


def unpacked(data: bytes) -> Unpacked | None:
    """None when it cannot be read: then the whole of it is a file like others."""
    try:
        _count_objects(data)
        tnef = TNEF(data)
        text = _text(tnef)
        files = tuple(_file(one, number) for number, one in enumerate(tnef.attachments, 1) if one.data)
    except Exception:  # the format is read by trial; whatever fails in it, the file itself is still there
        return None
    return Unpacked(text, files) if text or files else None


def _count_objects(data: bytes) -> None:
    """Raises ValueError when there are more than a mail has."""
    place, objects = _FIRST_OBJECT, 0
    while place + _OBJECT_HEAD.size < len(data):
        place += _OBJECT_HEAD.unpack_from(data, place)[-1] + _AROUND_OBJECT
        objects += 1
        if objects > _OBJECTS:
            raise ValueError("The file holds too many objects.")


def _text(tnef: TNEF) -> str:
    for body, convert in ((tnef.body, False), (tnef.htmlbody, True)):
        if body:
            text = text_of(body, tnef.codepage) if isinstance(body, bytes) else clean(str(body))
            return html_to_text(text) if convert else text.strip("\x00")
    return ""


def _file(attachment: object, number: int) -> PartFile:
    name = attachment.long_filename() if hasattr(attachment, "long_filename") else ""
    shown = clean(str(name or f"file-{number}")).replace("\\", "/").rpartition("/")[2][-LONGEST_NAME:]
    kind = mimetypes.guess_type(shown)[0] or "application/octet-stream"
    return PartFile(shown, kind, bytes(getattr(attachment, "data", b"")))
