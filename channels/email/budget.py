"""How often we answer by ourselves: the last fence against two machines that answer each other without saying what they are.

A thread and an address are counted answer by answer. A machine that takes a new address each time is counted by its domain,
and one that takes a new domain each time by our own mailbox: whatever it does, the answers end, and with them the loop.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from channels.email.providers import is_everybodys
from channels.email.settings import CHANNEL, EmailSettings
from core.domain.errors import Rejected, StoreUnavailable
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_TRIES: Final = 20
_HOUR: Final = 3600


class Budget:
    """Automatic answers of the last hours. Staff may write as often as they like."""

    def __init__(self, memory: ChannelMemory, clock: Clock, settings: EmailSettings) -> None:
        self._memory = memory
        self._clock = clock
        self._account = settings.account
        self._seconds = settings.budget_hours * _HOUR
        self._limits = {
            "thread": settings.thread_budget,
            "person": settings.sender_budget,
            "domain": settings.domain_budget,
            "mailbox": settings.mailbox_budget,
        }

    async def take(self, thread: str, recipient: str, idempotency_key: str) -> None:
        """Note one answer, once per key. Raises Rejected when there were enough, and StoreUnavailable."""
        local, _, domain = recipient.lower().rpartition("@")
        person = _name(f"{local.partition('+')[0]}@{domain}")
        new = await self._noted("thread", thread, idempotency_key)
        await self._noted("person", person, idempotency_key)
        if new:
            if not is_everybodys(domain):
                await self._counted("domain", _name(domain))
            await self._counted("mailbox", "all")

    async def _noted(self, kind: str, name: str, idempotency_key: str) -> bool:
        """Whether it was not noted before. Raises Rejected."""
        for _ in range(_TRIES):
            before, now = await self._before(kind, name)
            taken: list[tuple[float, str]] = [tuple(one) for one in json.loads(before)] if before else []
            recent = [(at, one) for at, one in taken if at > now - self._seconds]
            if any(one == idempotency_key for _, one in recent):
                return False
            self._check(kind, len(recent))
            if await self._write(kind, name, before, json.dumps([*recent, (now, idempotency_key)])):
                return True
        raise StoreUnavailable("The budget of answers is being changed by others all the time.")

    async def _counted(self, kind: str, name: str) -> None:
        """By the hour: these are too many to be listed. Raises Rejected."""
        for _ in range(_TRIES):
            before, now = await self._before(kind, name)
            hours: dict[str, int] = json.loads(before) if before else {}
            recent = {hour: number for hour, number in hours.items() if (int(hour) + 1) * _HOUR > now - self._seconds}
            self._check(kind, sum(recent.values()))
            hour = str(int(now // _HOUR))
            if await self._write(kind, name, before, json.dumps({**recent, hour: recent.get(hour, 0) + 1})):
                return
        raise StoreUnavailable("The budget of answers is being changed by others all the time.")

    async def _before(self, kind: str, name: str) -> tuple[str | None, float]:
        before = await self._memory.recall(CHANNEL, self._account, f"sent-{kind}/{name}")
        return before, self._clock.now().timestamp()

    async def _write(self, kind: str, name: str, before: str | None, after: str) -> bool:
        return await self._memory.replace(CHANNEL, self._account, f"sent-{kind}/{name}", before, after)

    def _check(self, kind: str, taken: int) -> None:
        limit = self._limits[kind]
        if taken < limit:
            return
        whom = "left this mailbox" if kind == "mailbox" else f"went to this {kind}"
        raise Rejected(
            f"{limit} automatic answers {whom} within {self._seconds / _HOUR:.0f} hours, which is what a loop of two machines "
            "looks like. A person can answer."
        )


def _name(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
