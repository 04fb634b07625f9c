"""Chooses whose file is read next: that of the sender with the least recent reading time, so no sender delays others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_HALF_LIFE = 60.0
"""Seconds after which half of a sender's reading time is forgiven."""
_LEAST = 0.01
"""Seconds that each reading counts at least; of a sender with a tenth of it nothing is remembered."""


class FairTurns:
    """``slots`` readings run at once. Each sender's files keep their order; among senders, least reading time goes first.

    ``monotonic``: seconds, of any beginning. Use it from one event loop.
    """

    def __init__(self, slots: int, monotonic: Callable[[], float]) -> None:
        self._free = slots
        self._monotonic = monotonic
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._used: dict[str, float] = {}
        self._decayed_at = monotonic()

    @asynccontextmanager
    async def turn(self, sender: str) -> AsyncIterator[None]:
        """Wait for a slot and hold it. The time until the end counts as the sender's."""
        await self._acquire(sender)
        started = self._monotonic()
        try:
            yield
        finally:
            self._decay()
            self._charge(sender, self._monotonic() - started)
            self._release()

    async def _acquire(self, sender: str) -> None:
        if self._free > 0:
            self._free -= 1
            self._charge(sender, _LEAST)
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(sender, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        """Hand the slot on, or set it free."""
        while self._waiting:
            sender = min(self._waiting, key=lambda one: self._used.get(one, 0.0))
            queue = self._waiting[sender]
            granted = queue.popleft()
            if not queue:
                del self._waiting[sender]
            if not granted.cancelled():
                self._charge(sender, _LEAST)
                granted.set_result(None)
                return
        self._free += 1

    def _charge(self, sender: str, seconds: float) -> None:
        self._used[sender] = self._used.get(sender, 0.0) + seconds

    def _decay(self) -> None:
        now = self._monotonic()
        rest = 0.5 ** ((now - self._decayed_at) / _HALF_LIFE)
        self._decayed_at = now
        self._used = {sender: used * rest for sender, used in self._used.items() if used * rest > _LEAST / 10}
