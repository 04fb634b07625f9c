"""Keeps one account to its provider's pace, across processes. What is counted are calls: a message may need several."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from core.delivery_attempt import NotBegun
from core.domain.capabilities import Pace
from core.domain.errors import StoreUnavailable
from core.domain.messages import WirePayload
from core.ports.channel import Channel, SupportsPaces
from core.ports.clock import Clock
from core.ports.store import Outbox

_SHORTEST_NAP = 0.05
_MOMENT = 0.5


class LanePace:
    """Of one lane. Where the channel has no pace, everything is granted."""

    def __init__(self, channel: Channel, outbox: Outbox, clock: Clock) -> None:
        self._channel = channel
        self._outbox = outbox
        self._clock = clock
        self._last_turn: dict[str, float] = {}
        self._key = f"{channel.name}:{channel.account}"

    async def next_call(self, left: Callable[[], float]) -> None:
        """Wait for one more call of a message under way, ``left`` seconds at most.

        Raises NotBegun: the rest of the message is claimed again, when there is room for it.
        """
        pace = self._channel.capabilities.pace
        if pace is not None:
            await self._room(self._key, pace, left)

    async def kind_of_call(self, payload: WirePayload, left: Callable[[], float]) -> None:
        """Wait for a call of this kind, for a moment only: nobody else's place is taken by what has to wait.

        Raises NotBegun.
        """
        kind = await self._kind(payload)
        if kind is None:
            return
        try:
            await self._room(*kind, lambda: min(left(), _MOMENT))
        except NotBegun as error:
            raise NotBegun(error.detail, wait=self._until_turn(*kind, error.wait)) from error

    def _until_turn(self, key: str, pace: Pace, wait: float) -> float:
        """Seconds until the next try. Each try uses up a call of the account's pace, so they come one after another."""
        now = self._clock.monotonic()
        self._last_turn[key] = turn = max(now + wait, self._last_turn.get(key, now) + pace.seconds / pace.messages)
        return turn - now

    async def hold_back(self, seconds: float, payload: WirePayload | None = None) -> None:
        """The provider's pause holds for all processes. Where it cannot be noted, each learns it from the provider.

        ``payload``: for which it was asked; where kinds of calls are counted by themselves, only its kind rests.
        """
        if self._channel.capabilities.pace is not None:
            with contextlib.suppress(StoreUnavailable, NotBegun):
                kind = await self._kind(payload) if payload is not None else None
                await self._outbox.pause(kind[0] if kind else self._key, seconds)

    async def _kind(self, payload: WirePayload) -> tuple[str, Pace] | None:
        channel: object = self._channel
        if self._channel.capabilities.pace is None or not isinstance(channel, SupportsPaces):
            return None
        try:
            found = await channel.pace_of(payload)
        except StoreUnavailable as error:
            raise NotBegun(error.detail) from error
        return None if found is None else (f"{self._key}:{found[0]}", found[1])

    async def _room(self, key: str, pace: Pace, left: Callable[[], float]) -> None:
        while True:
            try:
                granted, wait = await self._outbox.reserve(key, pace, 1)
            except StoreUnavailable as error:
                raise NotBegun(error.detail) from error
            if granted:
                return
            if wait >= left():
                raise NotBegun("The provider's pace leaves no room for the rest now.", wait=wait)
            await asyncio.sleep(max(_SHORTEST_NAP, wait))
