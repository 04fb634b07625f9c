"""Calls of the functions that read a customer's file.

HTML, PDF and office files are read by libraries, of which some take quadratic time; the confined child's limits end them.
"""

from __future__ import annotations

import io
import json
import mmap
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from core.attachments.archive import ExtractionLimits, inspect
from core.attachments.convert import convert
from core.attachments.media_type import AttachmentPolicy, by_tracks, identify

Call = Callable[[], object]
_LIMITS = ExtractionLimits(output_chars=10**9, members=10**9)


def _read(media_type: str, content: Callable[[str], bytes] = str.encode) -> Callable[[str], Call]:
    def prepare(text: str) -> Call:
        file = io.BytesIO(content(text))
        return lambda: convert(file, media_type, _LIMITS)

    return prepare


def _zipped(text: str) -> bytes:
    """One large member, and many whose names are the words of the text."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.txt", text)
        for number, name in enumerate(text.split()[: len(text) // 50]):
            archive.writestr(f"{number}{name[:50]}.txt", name)
    return held.getvalue()


def _notebook(text: str) -> bytes:
    cells = [{"cell_type": kind, "source": [text], "metadata": {}} for kind in ("markdown", "code", "raw")]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _inspected(text: str) -> Call:
    file = io.BytesIO(_zipped(text))
    return lambda: inspect(file, _LIMITS)


def _identified(text: str) -> Call:
    """In the hub itself, by the first bytes of a file."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "file"
    path.write_text(text)

    def call() -> object:
        with folder:
            return identify(path, name="a.txt", declared_type=text, policy=AttachmentPolicy())

    return call


def _tracks(media_type: str, begins: bytes) -> Callable[[str], Call]:
    """``begins`` stands in place of each blank, as if every word were a track."""

    def prepare(text: str) -> Call:
        data = text.encode().replace(b" ", begins) or b"\0"
        content = mmap.mmap(-1, len(data))
        content.write(data)
        return lambda: by_tracks(media_type, content)

    return prepare


DRIVERS: Mapping[str, Callable[[str], Call]] = {
    "core.attachments.archive:inspect": _inspected,
    "core.attachments.media_type:identify": _identified,
    "core.attachments.convert:convert": _read("text/plain"),
    "core.attachments.media_type:by_tracks": _tracks("video/mp4", b"hdlr"),
    "core.attachments.media_type:by_tracks of video/webm": _tracks("video/webm", b"\x86V"),
    **{
        f"core.attachments.convert:convert of {media_type}": _read(media_type)
        for media_type in ("application/json", "text/csv")
    },
    "core.attachments.convert:convert of application/x-ipynb+json": _read("application/x-ipynb+json", _notebook),
    "core.attachments.convert:convert of application/zip": _read("application/zip", _zipped),
}
"""See drivers.DRIVERS."""
