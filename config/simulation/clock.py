"""The time of a hub that plays conversations: the real one, or one that begins elsewhere and is moved on between turns."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

from core.clock import SystemClock


class MovedClock(SystemClock):
    """A clock that can skip time. ``begin``: when it starts; None for the present."""

    def __init__(self, begin: datetime | None = None) -> None:
        self._ahead = timedelta() if begin is None else begin - super().now()
        self._skipped = 0.0
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """Return the time in UTC, with what was skipped."""
        return super().now() + self._ahead

    def monotonic(self) -> float:
        """Return the seconds since some start, with what was skipped."""
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed or were skipped."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            moved = self._moved
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await moved.wait()
        await asyncio.sleep(0)

    def move_to(self, moment: datetime) -> None:
        """Skip the time until then; never backwards."""
        skipped = max(timedelta(), moment - self.now())
        self._ahead += skipped
        self._skipped += skipped.total_seconds()
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
