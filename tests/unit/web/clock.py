"""Time that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HandClock:
    """Implements core.ports.clock.Clock; sleeping moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
