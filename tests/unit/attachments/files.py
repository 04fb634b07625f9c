"""Small real files, made on the spot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\x00" * 64


def pdf(text: str = "Invoice total: 42.50 EUR") -> bytes:
    """A one-page PDF that holds ``text``."""
    from reportlab.pdfgen.canvas import Canvas

    target = io.BytesIO()
    canvas = Canvas(target)
    canvas.drawString(72, 720, text)
    canvas.save()
    return target.getvalue()


def zipped(members: Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def written(folder: Path, name: str, content: bytes) -> Path:
    """``content`` in a file."""
    path = folder / name
    path.write_bytes(content)
    return path


async def chunks(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """As a network would deliver it."""
    for start in range(0, len(content), size):
        yield content[start : start + size]
