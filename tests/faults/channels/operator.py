"""Whoever runs the hub, and looks at what it has put aside for a person."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from core.clock import SystemClock
from core.storage.database import Database
from core.storage.tables import message, outbox
from tests.faults.channels.throng import Person
from tests.faults.channels.words import Said, read
from tests.servers.hub import Hub

_LOOK = 2.0


@dataclass
class Operator:
    """Sends again what the customer does not have, as the channel's page says; what they have is left where it is.

    ``sent_again``: the messages of each customer whose answer came this way, so perhaps behind a later one.
    """

    hub: Hub
    url: str
    people: Sequence[Person]
    sent_again: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    async def watch(self) -> None:
        """Until cancelled."""
        known = {person.tag: person for person in self.people}
        database = Database(self.url, SystemClock(), server_clock=False)
        database.open()
        try:
            while True:
                for letter in await database.read(_put_aside):
                    said = read(letter.text)
                    if not all(set(said.numbers) <= known[tag].answered for tag in said.tags):
                        await self._send_again(letter.id, said)
                await asyncio.sleep(_LOOK)
        finally:
            await database.close()

    async def _send_again(self, delivery_id: str, said: Said) -> None:
        for tag in said.tags:
            self.sent_again[tag] |= set(said.numbers)  # before it: they may have it before the command has ended
        await send_again(self.hub, delivery_id)


async def send_again(hub: Hub, delivery_id: str) -> None:
    """By the command for it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "config.cli", "dead-letters", "retry", delivery_id),
        cwd=hub.home,
        env=hub.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await process.communicate()
    finally:
        if process.returncode is None:  # nobody waits for it any more
            process.kill()
            await process.wait()
    assert process.returncode == 0, told.decode()


def _put_aside(connection: Connection) -> list[Any]:
    rows = select(outbox.c.id, message.c.text).join(message, message.c.id == outbox.c.message_id)
    return list(connection.execute(rows.where(outbox.c.status == "dead")))


@asynccontextmanager
async def operator(hub: Hub, url: str, people: Sequence[Person]) -> AsyncIterator[Operator]:
    """Somebody is there."""
    found = Operator(hub, url, people)
    async with watching(found.watch()):
        yield found


@asynccontextmanager
async def watching(rounds: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Goes on beside the test until its end. What failed for whoever watches fails the test."""
    task = asyncio.create_task(rounds)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
