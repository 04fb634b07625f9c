"""Limits requests by session, by address and in all."""

from __future__ import annotations

from typing import Literal

from channels.web.access import Caller
from channels.web.rates import Rates
from channels.web.settings import Rate, WebLimits
from core.domain.budget import SHARES_OF_A_GROUP, daily_bytes, kibibytes, strangers_total
from core.domain.errors import TooManyRequests
from core.ports.budgets import Budgets

What = Literal["sessions", "messages", "uploads"]


class Admission:
    """``rates`` counts for one session, ``shared`` for addresses and in all, over all processes.

    Narrow limits are checked first, so that a refused request does not count against other clients.
    """

    def __init__(self, rates: Rates, shared: Rates, limits: WebLimits, budgets: Budgets) -> None:
        self._rates = rates
        self._shared = shared
        self._budgets = budgets
        self._bytes = daily_bytes(limits.file_bytes_per_address, limits.file_bytes_in_all)
        self._limits = limits

    async def admit(self, what: What, caller: Caller, session_id: str | None = None) -> None:
        """Raises TooManyRequests."""
        if session_id is not None:
            await self._rates.hit(what, session_id, getattr(self._limits, f"{what}_per_session"))
        share: Rate = getattr(self._limits, f"{what}_per_address")
        total: Rate = getattr(self._limits, f"{what}_in_all")
        await self._shared.hit(f"{what}-address", caller.key, share)
        if caller.network is not None:
            wide = Rate(share.amount * SHARES_OF_A_GROUP, share.seconds)
            await self._shared.hit(f"{what}-network", caller.network, wide)
        if not caller.known:
            strangers = Rate(strangers_total(total.amount), total.seconds)
            await self._shared.hit(f"{what}-strangers", "all", strangers)
        await self._shared.hit(f"{what}-all", "all", total)

    def admit_bytes(self, caller: Caller, size: int) -> None:
        """Check the day's bytes. Raises TooManyRequests. Files that arrive at the same time may exceed the limit."""
        wait = self._budgets.wait(self._bytes, caller.spender, kibibytes(size))
        if wait > 0:
            raise TooManyRequests(
                "No more files are taken today. Send your message without the file, or ask for a person.",
                retry_after=wait,
            )

    def spend_bytes(self, caller: Caller, size: int) -> None:
        """Count a stored file."""
        self._budgets.spend(self._bytes, caller.spender, kibibytes(size))

    async def close(self) -> None:
        """Close connections to the counters."""
        await self._rates.close()
        await self._shared.close()
