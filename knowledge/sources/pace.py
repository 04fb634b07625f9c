"""Waits between requests to one host, so that reading a site never costs its visitors anything; and ends a crawl in time."""

from __future__ import annotations

from typing import Protocol


class Timer(Protocol):
    """Of core.ports.clock.Clock what is needed here."""

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


_SLOW = 5.0
"""Seconds for each page besides the pauses, on average: who answers more slowly has not all of its pages read."""
_SHORTEST = 3600.0
_LEFT_OUT = "was read for {hours}, which is its time; what is left is left out"


class Pace:
    """One crawl's. A pause is counted from the end of the last request: a server that is slow is given its time."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._free_at: dict[str, float] = {}

    async def wait(self, host: str) -> None:
        """Returns when the host may be asked again."""
        left = self._free_at.get(host, 0.0) - self._timer.monotonic()
        if left > 0:
            await self._timer.sleep(left)

    def asked(self, host: str, pause: float) -> None:
        """A request has ended; the next one is ``pause`` seconds away."""
        self._free_at[host] = max(self._free_at.get(host, 0.0), self._timer.monotonic() + pause)

    def end(self, most_pages: int, pause: float) -> End:
        """When a crawl of so many pages that begins now has had its time."""
        return End(self._timer, max(_SHORTEST, most_pages * (pause + _SLOW)))


class End:
    """Counted in time and not in requests: a site may send each answer a byte at a time, and lead from nothing to nothing."""

    def __init__(self, timer: Timer, seconds: float) -> None:
        self._timer = timer
        self._seconds = seconds
        self._at = timer.monotonic() + seconds

    def passed(self) -> str | None:
        """What is said of the source when it is over; None before."""
        if self._timer.monotonic() < self._at:
            return None
        hours = round(self._seconds / 3600) or 1
        return _LEFT_OUT.format(hours="1 hour" if hours == 1 else f"{hours} hours")
