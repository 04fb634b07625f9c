"""``switchboard dead-letters``: what could not be delivered, and another try."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from config import parts
from config.clock import SystemClock
from config.commands.event_loop import run_async
from config.settings import read_settings
from core.storage.store import SqlStore


@asynccontextmanager
async def _store() -> AsyncIterator[SqlStore]:
    store = parts.make_store(read_settings(), SystemClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def show(limit: int) -> None:
    """Oldest first."""

    async def work() -> None:
        async with _store() as store:
            letters = await store.dead_letters(limit)
        for letter in letters:
            click.echo(f"{letter.id}  {letter.died_at:%Y-%m-%d %H:%M:%S}  {letter.conversation}  {letter.error}")
            click.echo(f"    {' '.join(letter.text.split())[:160]}")
        if not letters:
            click.echo("There are no dead letters.")

    run_async(work())


def retry(delivery_id: str) -> int:
    """0 when it will be sent again, 1 when there is none of that id."""

    async def work() -> bool:
        async with _store() as store:
            return await store.revive(delivery_id)

    if run_async(work()):
        click.echo("It will be sent again.")
        return 0
    click.echo(f"There is no dead letter {delivery_id}.", err=True)
    return 1
