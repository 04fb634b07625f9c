"""Files that a customer may send, made for the test."""

from __future__ import annotations

import io
import struct
import zlib

from reportlab.pdfgen.canvas import Canvas


def pdf(*lines: str) -> bytes:
    """A PDF with a text layer, one page."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=True)
    for number, line in enumerate(lines):
        canvas.drawString(72, 760 - 20 * number, line)
    canvas.save()
    return buffer.getvalue()


WINDOWS_PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8" + bytes(range(256)) * 4


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress((b"\0" + b"\x20\x80\xc0" * 8) * 8)),
        _chunk(b"IEND", b""),
    )
)
"""A picture of 8 by 8 pixels."""
