"""What was sent to whom and when, so that after an unknown outcome the right message is looked for, and no older twin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from channels.sms.parse import CHANNEL
from core.ports.channel_memory import ChannelMemory

_MOST = 20
_REMEMBERED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Try:
    """``key``: the delivery's idempotency key. ``sid``: what Twilio called it, None while that is not known."""

    key: str
    at: datetime
    sid: str | None = None


class Tries:
    """The last few of each conversation, in one row that does not grow. A conversation's messages are sent one by one."""

    def __init__(self, memory: ChannelMemory, account: str) -> None:
        self._memory = memory
        self._account = account

    @staticmethod
    def key(thread: str) -> str:
        """Where the memory holds them."""
        return f"tries/{thread}"

    @staticmethod
    def read(kept: str | None) -> list[Try]:
        """What the memory holds."""
        rows = json.loads(kept) if kept else []
        return [Try(key, datetime.fromisoformat(at), sid) for key, at, sid in rows]

    async def of(self, thread: str) -> list[Try]:
        """Those of a conversation."""
        return self.read(await self._memory.recall(CHANNEL, self._account, self.key(thread)))

    async def begin(self, thread: str, tries: Sequence[Try], key: str, now: datetime) -> list[Try]:
        """Durable before the message is sent. An unfinished try with this key keeps its time: it may have arrived."""
        known = [one for one in tries if one.key != key and now - one.at < _REMEMBERED][-_MOST:]
        earlier = next((one.at for one in tries if one.key == key and one.sid is None), now)
        return await self._keep(thread, [*known, Try(key, earlier)])

    async def took(self, thread: str, tries: Sequence[Try], key: str, sid: str) -> list[Try]:
        """Twilio has it under this name."""
        return await self._keep(thread, [replace(one, sid=sid) if one.key == key else one for one in tries])

    async def failed(self, thread: str, tries: Sequence[Try], key: str) -> list[Try]:
        """It certainly did not happen."""
        return await self._keep(thread, [one for one in tries if one.key != key])

    async def _keep(self, thread: str, tries: list[Try]) -> list[Try]:
        rows = [[one.key, one.at.isoformat(), one.sid] for one in tries]
        await self._memory.remember(CHANNEL, self._account, self.key(thread), json.dumps(rows))
        return tries
