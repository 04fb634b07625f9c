"""Waits between requests to one host, so that reading a site never costs its visitors anything."""

from __future__ import annotations

from typing import Protocol


class Timer(Protocol):
    """Of core.ports.clock.Clock what is needed here."""

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


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
