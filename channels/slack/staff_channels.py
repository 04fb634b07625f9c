"""The channels in which nobody is a customer: those of the settings, and those that were the staff's before."""

from __future__ import annotations

import asyncio
import contextlib

from channels.slack.place import CHANNEL
from channels.slack.settings import STAFF_CHANNEL
from core.domain.errors import StoreUnavailable
from core.ports.channel_memory import ChannelMemory

_AGAIN = 1.0


class StaffChannels:
    """In a case's thread that is still there nobody is a customer, wherever the staff are now.

    Until the former ones are known, nothing may be taken in: who is a customer could not be told.
    """

    def __init__(self, memory: ChannelMemory, account: str, named: frozenset[str]) -> None:
        self._memory = memory
        self._account = account
        self._named = named
        self._known: frozenset[str] | None = None

    async def known(self) -> frozenset[str]:
        """Looked up once. Raises StoreUnavailable."""
        if self._known is None:
            found = await self._memory.recall_all(CHANNEL, self._account, STAFF_CHANNEL)
            self._known = self._named | {key.removeprefix(STAFF_CHANNEL) for key in found}
        return self._known

    async def waited_for(self) -> frozenset[str]:
        """However long the database is away."""
        while True:
            with contextlib.suppress(StoreUnavailable):
                return await self.known()
            await asyncio.sleep(_AGAIN)
