"""The real time with what a test adds to it; whoever sleeps wakes up when enough was added."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.patience import PATIENCE


class WoundClock:
    """Implements core.ports.clock.Clock."""

    def __init__(self) -> None:
        self._added = 0.0
        self._changed = asyncio.Condition()
        self.sleeping: list[float] = []
        self._woken = 0

    def now(self) -> datetime:
        """The real time, and what was added."""
        return datetime.now(UTC) + timedelta(seconds=self._added)

    def monotonic(self) -> float:
        """The same in seconds."""
        return time.monotonic() + self._added

    async def sleep(self, seconds: float) -> None:
        """Until so much was added."""
        due = self._added + seconds
        async with self._changed:
            self.sleeping.append(seconds)
            self._changed.notify_all()
            try:
                await self._changed.wait_for(lambda: self._added >= due)
            finally:
                self.sleeping.remove(seconds)
                self._woken += 1
                self._changed.notify_all()

    async def move(self, seconds: float) -> None:
        """Add so much."""
        async with self._changed:
            self._added += seconds
            self._changed.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for somebody to go to sleep."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(holds)

    async def wake(self) -> None:
        """Wait for a sleeper, then add what it waits for, and see it get up."""
        await self.until(lambda: bool(self.sleeping))
        before = self._woken
        await self.move(max(self.sleeping))
        await self.until(lambda: self._woken > before)
