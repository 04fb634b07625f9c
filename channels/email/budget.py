"""How often we answer by ourselves: the last fence against two machines that answer each other without saying what they are."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from channels.email.settings import CHANNEL, EmailSettings
from core.domain.errors import Rejected, StoreUnavailable
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_TRIES: Final = 20


class Budget:
    """Automatic answers of the last hours, by thread and by recipient. Staff may write as often as they like."""

    def __init__(self, memory: ChannelMemory, clock: Clock, settings: EmailSettings) -> None:
        self._memory = memory
        self._clock = clock
        self._account = settings.account
        self._seconds = settings.budget_hours * 3600
        self._limits = {"thread": settings.thread_budget, "person": settings.sender_budget}

    async def take(self, thread: str, recipient: str, idempotency_key: str) -> None:
        """Note one answer, once per key. Raises Rejected when there were enough, and StoreUnavailable."""
        person = hashlib.blake2b(recipient.encode(), digest_size=16).hexdigest()
        for kind, name in (("thread", thread), ("person", person)):
            if not await self._noted(f"sent-{kind}/{name}", idempotency_key, self._limits[kind]):
                hours = self._seconds / 3600
                raise Rejected(
                    f"{self._limits[kind]} automatic answers went to this {kind} within {hours:.0f} hours, which is what a "
                    "loop of two machines looks like. A person can answer."
                )

    async def _noted(self, key: str, idempotency_key: str, limit: int) -> bool:
        for _ in range(_TRIES):
            before = await self._memory.recall(CHANNEL, self._account, key)
            now = self._clock.now().timestamp()
            taken: list[tuple[float, str]] = [tuple(one) for one in json.loads(before)] if before else []
            recent = [(at, one) for at, one in taken if at > now - self._seconds]
            if any(one == idempotency_key for _, one in recent):
                return True
            if len(recent) >= limit:
                return False
            after = json.dumps([*recent, (now, idempotency_key)])
            if await self._memory.replace(CHANNEL, self._account, key, before, after):
                return True
        raise StoreUnavailable("The budget of answers is being changed by others all the time.")
