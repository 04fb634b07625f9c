"""A provider asks one of two processes for a pause; the other keeps it as well."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from sqlalchemy import Connection, select

from core.clock import SystemClock
from core.storage.database import Database
from core.storage.tables import outbox
from tests.faults.channels.conftest import MakeStreet
from tests.faults.channels.judge import judge
from tests.faults.channels.throng import throng
from tests.faults.channels.weather import Trouble, Weather
from tests.faults.checks import read_settled
from tests.fixtures.report import MakeReport
from tests.patience import PATIENCE
from tests.seed import FIXED
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow

_PAUSE = 5
_PAUSING = ("slack", "telegram", "sms")
_CUSTOMERS = 8


class OnePause(Weather):
    """The first message after ``begin`` meets a pause; ``next_at`` is when the next one came."""

    def __init__(self) -> None:
        super().__init__(random.Random(FIXED), 0.0)
        self.asked_at: float | None = None
        self.next_at: float | None = None
        self._due = False

    def begin(self) -> None:
        """From now on."""
        self._due = True

    def over(self, message: str) -> Trouble | None:
        """See Weather.over."""
        if self._due:
            self._due, self.asked_at = False, time.monotonic()
            return Trouble.LIMIT
        if self.asked_at is not None and self.next_at is None:
            self.next_at = time.monotonic()
        return None


async def test_no_process_sends_within_a_pause(
    make_street: MakeStreet, postgres_url: str, make_report: MakeReport
) -> None:
    """Neither does the worker that was asked for the pause, nor the one that stood still meanwhile."""
    options = {"LOG_LEVEL": "info", "FEATURE_STREAMING": "false"}
    async with make_street(postgres_url, "hooks", FIXED, role="web", **options) as street:
        asked, other = street.another(), street.another()
        await street.open(_CUSTOMERS)
        await asyncio.gather(asyncio.to_thread(asked.start), asyncio.to_thread(other.start))
        skies = {door.name: OnePause() for door in street.doors}
        for door in street.doors:
            door.weather, door.pause = skies[door.name], _PAUSE
        async with throng(street.doors, _CUSTOMERS, 5) as people:
            await people.allow(1)
            await people.answered(1, within=PATIENCE)
            await read_settled(postgres_url)
            other.freeze()  # so that it is the first that is asked
            for name in _PAUSING:
                skies[name].begin()
                await people.allow(1, next(person for person in people.people if person.door.name == name))
            await until_noted(postgres_url)
            other.thaw()
            await people.allow(2)
            await people.answered(3, within=3 * PATIENCE)
            assert await asyncio.to_thread(asked.stop) == 0, asked.log_tail()  # so that the rest is the other's
            await people.finished(within=3 * PATIENCE)
            await judge(people, postgres_url, make_report("retry-after", "A pause in two processes"))
        assert await asyncio.to_thread(other.stop) == 0, other.log_tail()
        assert street.hub.stop() == 0, street.hub.log_tail()
    for name in _PAUSING:
        began, following = skies[name].asked_at, skies[name].next_at
        assert began is not None
        assert following is not None
        assert following - began >= _PAUSE - 0.1, f"{name}: the next message came after {following - began:.1f} s"
        assert logged("delivery.retry", name, asked), f"{name}: the first process was not asked"
        assert logged("delivery.sent", name, other), f"{name}: the second process sent nothing"


def logged(event: str, channel: str, hub: Hub) -> bool:
    """Whether it has said so of that channel."""
    lines = hub.log.read_text().splitlines()
    return any(f'"{event}"' in line and f'"channel": "{channel}"' in line for line in lines)


async def until_noted(url: str) -> None:
    """Wait until each pause, and then the message that waits for its end, is in the database."""
    late = select(outbox.c.channel).where(outbox.c.due_at >= outbox.c.first_due_at + _PAUSE / 2)

    def noted(connection: Connection) -> set[str]:
        return set(connection.execute(late).scalars())

    database = Database(url, SystemClock(), server_clock=False)
    database.open()
    try:
        async with asyncio.timeout(PATIENCE):
            while set(_PAUSING) - await database.read(noted):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
    finally:
        await database.close()
