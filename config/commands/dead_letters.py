"""``switchboard dead-letters``: what could not be delivered, and another try."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from config import parts
from config.clock import SystemClock
from config.commands.event_loop import run_async
from config.data_dir import DataDirLock
from config.local_socket import connect, read_line
from config.settings import Settings, read_settings
from core.domain.errors import ConfigError
from core.ports.store import Outbox
from core.storage.migrate import migrate

_SHOWN = 160


def show(limit: int) -> None:
    """Oldest first."""
    letters = run_async(_ask(read_settings(), {"do": "list", "limit": limit}))
    for letter in letters:
        click.echo(f"{letter['id']}  {letter['died_at']}  {letter['conversation']}  {letter['error']}")
        click.echo(f"    {letter['text']}")
    if not letters:
        click.echo("There are no dead letters.")


def retry(delivery_id: str) -> int:
    """0 when it will be sent again, 1 when there is none of that id."""
    if run_async(_ask(read_settings(), {"do": "retry", "id": delivery_id})):
        click.echo("It will be sent again.")
        return 0
    click.echo(f"There is no dead letter {delivery_id}.", err=True)
    return 1


async def answers(store: Outbox, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket: a letter each, or the id that was revived."""
    if request.get("do") == "retry":
        delivery_id = str(request.get("id"))
        if await store.revive(delivery_id):
            yield {"id": delivery_id}
        return
    for letter in await store.dead_letters(int(request.get("limit") or 50)):
        yield {
            "id": letter.id,
            "died_at": f"{letter.died_at:%Y-%m-%d %H:%M:%S}",
            "conversation": str(letter.conversation),
            "error": " ".join(str(letter.error).split())[:_SHOWN],
            "text": " ".join(letter.text.split())[:_SHOWN],
        }


async def _ask(settings: Settings, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The running server where the database is its own file; otherwise the database itself."""
    if not settings.uses_sqlite:
        return await _ask_database(settings, request)
    remote = await connect(settings.data_dir, {"command": "dead-letters", **request})
    if remote is None:
        lock = DataDirLock(settings.data_dir)
        lock.require()
        try:
            return await _ask_database(settings, request)
        finally:
            lock.release()
    reader, writer = remote
    with contextlib.closing(writer):
        lines: list[dict[str, Any]] = []
        while (line := await read_line(reader)) is not None and "end" not in line:
            if "id" not in line:
                raise ConfigError(line.get("error", "The server answered something that is not understood."))
            lines.append(line)
        if line is None:
            raise ConfigError("The server went away before it had answered. Run the command again.")
        return lines


async def _ask_database(settings: Settings, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    await migrate(settings.effective_database_url)
    store = parts.make_store(settings, SystemClock())
    await store.open()
    try:
        return [line async for line in answers(store, request)]
    finally:
        await store.close()
