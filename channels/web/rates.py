"""How often one client may ask. In memory for one process, in Redis or by the budgets' ledger for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from channels.web.settings import Rate
from core.domain.budget import Budget, Spender
from core.domain.errors import TooManyRequests
from core.ports.budgets import Budgets

_REDIS_SECONDS = 0.5
"""A limit is not worth waiting longer for."""

_log = structlog.get_logger(__name__)


class Rates(Protocol):
    """Counts a request against a limit."""

    async def hit(self, name: str, key: str, rate: Rate) -> None:
        """Raises TooManyRequests with the seconds to wait."""
        ...

    async def close(self) -> None:
        """Let go of connections; a later hit opens them again."""
        ...


class MemoryRates:
    """One number per key (the generic cell rate algorithm), so that a hundred thousand sessions cost a few megabytes.

    The ``limits`` library's own memory storage walks over all its keys after each hit, which costs more than the
    acceptance of a message does.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._free_at: dict[str, float] = {}
        self._purge_above = 1024

    async def hit(self, name: str, key: str, rate: Rate) -> None:
        wait = self.wait_for(f"{name}:{key}", rate)
        if wait > 0:
            raise _refusal(rate, wait)

    async def close(self) -> None:
        """Nothing is open."""

    def wait_for(self, key: str, rate: Rate) -> float:
        """Take one; 0 when it was granted, otherwise the seconds until one can be."""
        if rate.amount <= 0:
            return 0.0
        now = self._monotonic()
        step = rate.seconds / rate.amount
        free_at = max(now, self._free_at.get(key, now))
        over = free_at + step - now - rate.seconds
        if over > 1e-9:
            return over
        self._free_at[key] = free_at + step
        if len(self._free_at) > self._purge_above:
            self._purge(now)
        return 0.0

    def __len__(self) -> int:
        return len(self._free_at)

    def forget(self, key: str) -> None:
        """A key that will not come again."""
        self._free_at.pop(key, None)

    def _purge(self, now: float) -> None:
        self._free_at = {key: at for key, at in self._free_at.items() if at > now}
        self._purge_above = max(1024, 2 * len(self._free_at))


class RedisRates:
    """A sliding window that all processes share. Without Redis each process counts for itself: a limit, not a gate."""

    def __init__(self, url: str, monotonic: Callable[[], float]) -> None:
        address = url if url.startswith("async+") else f"async+{url}"
        self._storage = RedisStorage(
            address,
            wrap_exceptions=True,
            implementation="redispy",
            socket_timeout=_REDIS_SECONDS,
            socket_connect_timeout=_REDIS_SECONDS,
        )
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._local = MemoryRates(monotonic)

    async def hit(self, name: str, key: str, rate: Rate) -> None:
        if rate.amount <= 0:
            return
        item = RateLimitItemPerSecond(rate.amount, max(1, math.ceil(rate.seconds)), namespace="switchboard")
        try:
            granted = await self._limiter.hit(item, name, key)
        except Exception as error:
            _log.warning("rates.redis_unavailable", error=str(error))
            await self._local.hit(name, key, rate)
            return
        if not granted:
            raise _refusal(rate, rate.seconds / rate.amount)

    async def close(self) -> None:
        """Close the connections."""
        bridge: Any = self._storage.bridge
        await bridge.storage.aclose()


class LedgerRates:
    """Limits that all processes share without Redis: counted here first, and with the others by the budgets (core/budgets.py).

    Processes share them within a second, so N processes grant at most N times a limit in one window.
    """

    def __init__(self, monotonic: Callable[[], float], budgets: Budgets) -> None:
        self._local = MemoryRates(monotonic)
        self._budgets = budgets

    async def hit(self, name: str, key: str, rate: Rate) -> None:
        await self._local.hit(name, key, rate)
        if rate.amount <= 0:
            return
        budget = Budget(name, share=rate.amount, total=0, seconds=max(1, math.ceil(rate.seconds)))
        wait = self._budgets.take(budget, Spender(key, known=True))
        if wait > 0:
            raise _refusal(rate, wait)

    async def close(self) -> None:
        """Nothing is open."""


def _refusal(rate: Rate, wait: float) -> TooManyRequests:
    seconds = max(1, math.ceil(wait))
    return TooManyRequests(
        f"At most {rate.amount} of these in {rate.seconds:g} seconds. Try again in {seconds} s.", retry_after=wait
    )
