"""A mail server that will have nothing to do with us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager


@asynccontextmanager
async def gruff_server(replies: Sequence[str]) -> AsyncIterator[int]:
    """Its port. The first reply is the greeting; each line that it hears gets the next one, and QUIT a goodbye."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(f"{replies[0]}\r\n".encode())
            for reply in replies[1:]:
                line = await reader.readline()
                if not line or line.upper().startswith(b"QUIT"):
                    break
                writer.write(f"{reply}\r\n".encode())
            await reader.readline()
            writer.write(b"221 Bye\r\n")
        finally:
            writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
