"""A clock that stands still: whoever sleeps wakes when it is moved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from core.clock import SystemClock
from tests.contract.stores.manual_clock import ManualClock
from tests.patience import PATIENCE

_DAY = 86_400.0


class HeldClock(ManualClock):
    """``slept`` tells when somebody waits for less than a day (the daily work is not what a test waits for)."""

    def __init__(self) -> None:
        super().__init__()
        self._now = datetime.now(UTC)  # the mail server has no other clock
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Until it is time."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        self._sleepers.append((self.monotonic() + seconds, woken))
        if seconds < _DAY:
            self._asleep.set()
        await woken.wait()

    async def slept(self) -> None:
        """Until somebody waits."""
        async with asyncio.timeout(PATIENCE):
            await self._asleep.wait()

    def move(self, seconds: float) -> None:
        """Let time pass, and wake whom it concerns."""
        super().move(seconds)
        self._asleep.clear()
        for until, woken in self._sleepers:
            if until <= self.monotonic():
                woken.set()
        self._sleepers = [one for one in self._sleepers if not one[1].is_set()]


class HastyClock(SystemClock):
    """A clock for those who wait before they try again: nobody waits long."""

    async def sleep(self, seconds: float) -> None:
        """Hardly."""
        await asyncio.sleep(min(seconds, 0.02))
