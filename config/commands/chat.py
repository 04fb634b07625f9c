"""``switchboard chat``: the console channel, through the running server or with a hub of its own."""

from __future__ import annotations

import asyncio
import contextlib

import click
from rich.console import Console

from api.logging import LogSettings, configure_logging
from channels.console.parse import Command
from config.commands.event_loop import run_async
from config.commands.standard_streams import standard_streams
from config.hub import Hub
from config.processes.local_socket import Streams, connect
from config.secret_values import all_secrets
from config.settings import Settings, read_settings

_QUIT = Command.QUIT.value.encode()
_TAIL = 64


def run() -> None:
    """Ends with /quit or the end of the input."""
    settings = read_settings()
    configure_logging(LogSettings(level="ERROR", format="console"), secrets=all_secrets(settings))
    run_async(_chat(settings))


async def _chat(settings: Settings) -> None:
    async with standard_streams() as terminal:
        remote = await connect(settings.data_dir, {"command": "chat"})
        if remote is not None:
            await _relay(terminal, remote)
            return
        await _alone(settings, terminal)


async def _alone(settings: Settings, terminal: Streams) -> None:
    hub = Hub(settings)
    try:
        await hub.start(listen=False)
        if hub.settings.knowledge_sources and not hub.indexing.idle_without_sources:
            with Console(stderr=True).status("Reading the documents"):
                await hub.knowledge.warm()
                await hub.indexing.first_run()
        await hub.console.serve(*terminal)
    finally:
        await hub.stop()


async def _relay(terminal: Streams, remote: Streams) -> None:
    """Copy lines both ways until either side ends."""
    (keys, screen), (answers, questions) = terminal, remote
    typed = bytearray()
    there = asyncio.create_task(_copy(keys, questions, typed))
    back = asyncio.create_task(_copy(answers, screen))
    await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
    if there.done() and not back.done():
        with contextlib.suppress(OSError, RuntimeError):
            questions.write_eof()
        await asyncio.wait({back})  # the server ends it when it has answered, which a turn's time bounds
    elif not there.done() and typed.strip().lower().rpartition(b"\n")[2].strip() != _QUIT:
        click.echo("The server ended the conversation.", err=True)
    for task in (there, back):
        task.cancel()
    questions.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, tail: bytearray | None = None) -> None:
    """``tail`` keeps the end of it."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(4096):
            if tail is not None:
                tail[:] = (tail + data)[-_TAIL:]
            target.write(data)
            await target.drain()
