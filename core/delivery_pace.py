"""Keeps one account to its provider's pace, across processes. What is counted are calls: a message may need several."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from core.delivery_attempt import NotBegun
from core.domain.errors import StoreUnavailable
from core.ports.channel import Channel
from core.ports.store import Outbox

_LONGEST_NAP = 5.0


class LanePace:
    """Of one lane. Where the channel has no pace, everything is granted."""

    def __init__(self, channel: Channel, outbox: Outbox) -> None:
        self._channel = channel
        self._outbox = outbox
        self._key = f"{channel.name}:{channel.account}"

    async def granted(self, room: int) -> int:
        """How many messages may be begun: for each, its first call. Waits while there is something to send and no grant."""
        pace = self._channel.capabilities.pace
        if pace is None:
            return room
        while True:
            due = await self._outbox.due(self._channel.name, self._channel.account, room)
            if not due:
                return 0
            granted, wait = await self._outbox.reserve(self._key, pace, due)
            if granted:
                return granted
            await asyncio.sleep(min(wait, _LONGEST_NAP))

    async def next_call(self, left: Callable[[], float]) -> None:
        """Wait for one more call of a message under way, ``left`` seconds at most.

        Raises NotBegun: the rest of the message is claimed again, when there is room for it.
        """
        pace = self._channel.capabilities.pace
        while pace is not None:
            try:
                granted, wait = await self._outbox.reserve(self._key, pace, 1)
            except StoreUnavailable as error:
                raise NotBegun(error.detail) from error
            if granted:
                return
            if wait >= left():
                raise NotBegun("The provider's pace leaves no room for the rest now.", wait=wait)
            await asyncio.sleep(wait)

    async def hold_back(self, seconds: float) -> None:
        """The provider's pause holds for all processes. Where it cannot be noted, each learns it from the provider."""
        if self._channel.capabilities.pace is not None:
            with contextlib.suppress(StoreUnavailable):
                await self._outbox.pause(self._key, seconds)
