"""A provider asks one of two processes for a pause; the other keeps it as well."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import pytest

from tests.faults.channels.conftest import MakeStreet
from tests.faults.channels.judge import judge
from tests.faults.channels.throng import throng
from tests.faults.channels.weather import Trouble, Weather
from tests.fixtures.report import MakeReport
from tests.seed import FIXED
from tests.servers.hub import Hub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

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
    async with make_street(postgres_url, "hooks", FIXED, LOG_LEVEL="info", FEATURE_STREAMING="false") as street:
        other = street.another()
        await street.open(_CUSTOMERS)
        await asyncio.to_thread(other.start)
        skies = {door.name: OnePause() for door in street.doors}
        for door in street.doors:
            door.weather, door.pause = skies[door.name], _PAUSE
        async with throng(street.doors, _CUSTOMERS, 4) as people:
            await people.allow(1)
            await people.answered(1, within=60)
            for name in _PAUSING:
                skies[name].begin()
                await people.allow(1, next(person for person in people.people if person.door.name == name))
            for name in _PAUSING:
                await until(lambda: logged("delivery.retry", name, street.hub, other))  # noqa: B023
            await people.allow(3)
            await people.finished(within=120)
            await judge(people, postgres_url, make_report("retry-after", "A pause in two processes"))
        assert await asyncio.to_thread(other.stop) == 0, other.log_tail()
        assert street.hub.stop() == 0, street.hub.log_tail()
    for name in _PAUSING:
        asked, following = skies[name].asked_at, skies[name].next_at
        assert asked is not None
        assert following is not None
        assert following - asked >= _PAUSE - 0.1, f"{name}: the next message came after {following - asked:.1f} s"
        assert logged("delivery.sent", name, street.hub), f"{name}: the first process sent nothing"
        assert logged("delivery.sent", name, other), f"{name}: the second process sent nothing"


def logged(event: str, channel: str, *hubs: Hub) -> bool:
    """Whether one of them has said so of that channel."""
    lines = [line for hub in hubs for line in hub.log.read_text().splitlines()]
    return any(f'"{event}"' in line and f'"channel": "{channel}"' in line for line in lines)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, half a minute at most."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - another process writes the log
            await asyncio.sleep(0.05)
