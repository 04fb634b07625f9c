"""How often we answer by ourselves: the last fence against two machines that answer each other without saying what they are.

Answers are counted by thread and by address. A machine that takes a new address each time is counted by its domain, and one
that takes a new domain each time by our own mailbox: whatever it does, the answers end, and with them the loop.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from channels.bounded import Bounded
from channels.email.providers import is_everybodys
from channels.email.settings import CHANNEL, EmailSettings
from channels.write_behind import WriteBehindCache
from core.domain.contact_route import one_mailbox
from core.domain.errors import Rejected
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_HOUR: Final = 3600
_MOST: Final = 20_000

Hours = dict[int, int]
"""Answers by the hour in which they went, counted from 1970."""


class Budget:
    """Automatic answers of the last hours. Staff may write as often as they like.

    Counted in this process and written behind, so that it costs an answer no transaction. What a killed process had not
    written yet is not counted; several processes together may answer a loop as many times more often.
    """

    def __init__(self, memory: ChannelMemory, clock: Clock, settings: EmailSettings) -> None:
        self._clock = clock
        self._seconds = settings.budget_hours * _HOUR
        self._limits = {
            "thread": settings.thread_budget,
            "person": settings.sender_budget,
            "domain": settings.domain_budget,
            "mailbox": settings.mailbox_budget,
            "copies": settings.mailbox_budget,  # by themselves: whoever names many people takes no answer from others
        }
        self._taken: Bounded[str, bool] = Bounded(_MOST)
        self._cache = WriteBehindCache(memory, CHANNEL, settings.account, clock)

    async def take(self, thread: str | None, recipient: str, idempotency_key: str) -> None:
        """Count one answer, once per key. ``thread``: None for a copy of an answer that is counted for its thread already.

        Raises Rejected when there were enough, and StoreUnavailable.
        """
        if idempotency_key in self._taken:
            return
        domain = recipient.lower().rpartition("@")[2]
        rows = {"copies": "all"} if thread is None else {"mailbox": "all", "thread": thread}
        rows["person"] = _name(one_mailbox(recipient))
        if not is_everybodys(domain):
            rows["domain"] = _name(domain)
        keys = {kind: f"answers/{kind}/{name}" for kind, name in rows.items()}
        stored = await self._cache.recall(list(keys.values()))
        now = self._clock.now().timestamp()
        recent = {kind: self._recent(stored.get(key, "{}"), now) for kind, key in keys.items()}
        for kind, hours in recent.items():
            self._check(kind, sum(hours.values()))
        self._taken[idempotency_key] = True
        for kind, hours in recent.items():
            hours[int(now // _HOUR)] = hours.get(int(now // _HOUR), 0) + 1
            self._cache.put(keys[kind], json.dumps(hours))

    async def close(self) -> None:
        """Write what is counted, if the database is available."""
        await self._cache.close()

    def _recent(self, text: str, now: float) -> Hours:
        hours = {int(hour): number for hour, number in json.loads(text).items()}
        return {hour: number for hour, number in hours.items() if (hour + 1) * _HOUR > now - self._seconds}

    def _check(self, kind: str, taken: int) -> None:
        limit = self._limits[kind]
        if taken < limit:
            return
        whom = "left this mailbox" if kind in ("mailbox", "copies") else f"went to this {kind}"
        raise Rejected(
            f"{limit} automatic answers {whom} within {self._seconds / _HOUR:.0f} hours, which is what a loop of two machines "
            "looks like. A person can answer."
        )


def _name(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
