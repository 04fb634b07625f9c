"""Between the hub and an IMAP server: it changes what servers do not all do alike, and refuses what it is told to refuse."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")


@dataclass
class Moods:
    """``answers``: changes a line of the server's (None: it is left out). ``refuses``: for a command, what follows the tag
    instead of asking the server (``NO [CANNOT] ...``); ``cut`` breaks the connection. ``heard``: all commands."""

    answers: Callable[[bytes], bytes | None] = lambda line: line
    refuses: Callable[[str], str | None] = lambda command: None
    heard: list[str] = field(default_factory=list)


@asynccontextmanager
async def imap_proxy(port: int, moods: Moods) -> AsyncIterator[int]:
    """Its own port; ``port`` is the server's. Without TLS."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        writers.update((writer, server_writer))
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_asks(reader, server_writer, writer, moods), _tells(server_reader, writer, moods))

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in writers:
            writer.close()


async def _asks(
    reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter, moods: Moods
) -> None:
    while line := await reader.readline():
        tag, _, command = line.decode("latin-1").strip().partition(" ")
        moods.heard.append(command)
        refusal = moods.refuses(command)
        if refusal == "cut":
            client.close()
            break
        if refusal is not None:
            client.write(f"{tag} {refusal}\r\n".encode())
            continue
        server.write(line)
    server.close()


async def _tells(server: asyncio.StreamReader, client: asyncio.StreamWriter, moods: Moods) -> None:
    while line := await server.readline():
        size = _LITERAL.search(line)
        literal = await server.readexactly(int(size[1])) if size else b""
        told = moods.answers(line)
        if told is not None:
            client.write(told)
        if size and told is not None and _LITERAL.search(told):
            client.write(literal)
        elif size:
            await server.readline()  # what closes an answer that was replaced
        await client.drain()
    client.close()
