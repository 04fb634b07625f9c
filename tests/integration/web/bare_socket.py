"""A WebSocket byte by byte (RFC 6455, section 5.2): client libraries report closings in words of their own."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_PATIENCE = 60.0
_HELLO = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TEXT = 0x81
_CLOSE = 0x88
_LONG = 126
"""From here on the length of a frame stands in the bytes behind."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Streams]:
    """A bare connection on which the WebSocket is open."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(_PATIENCE):
            writer.write(_HELLO)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            yield reader, writer
    finally:
        writer.close()


def head(first: int, size: int) -> bytes:
    """A frame's head, with a mask that changes nothing."""
    return struct.pack("!BBQ", first, 0xFF, size) + bytes(4)


async def received(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The first byte and the content of the server's next frame."""
    first, size = await reader.readexactly(2)
    if size >= _LONG:
        size = int.from_bytes(await reader.readexactly(2 if size == _LONG else 8))
    return first, await reader.readexactly(size)


async def closing_code(reader: asyncio.StreamReader) -> int:
    """The code of the close frame. How the connection ends after it is not the server's doing alone."""
    while (frame := await received(reader))[0] != _CLOSE:
        pass
    return int.from_bytes(frame[1][:2])


def text_frame(text: str) -> bytes:
    """A whole text of the client's."""
    body = text.encode()
    return head(TEXT, len(body)) + body
