"""Edits and streams within what a workspace has left of them, shared by all conversations and processes.

docs.slack.dev/apis/web-api/rate-limits: chat.update is a method of tier 3 (50 calls a minute), chat.startStream and
chat.stopStream are of tier 2 (20). Each pace here is a burst and a rate that stay below that together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from channels.slack import altering
from channels.slack.client import Refused, SlackClient
from channels.slack.files import marked
from channels.slack.orphaned_placeholders import remove, stop
from channels.slack.place import CHANNEL, Place, Sent
from core.domain.capabilities import Pace
from core.domain.errors import RateLimited, StoreUnavailable, Unreachable
from core.domain.messages import Receipt
from core.ports.clock import Clock
from core.ports.surroundings import Allowed, Paces, WantedCalls

EDITS: Final = Pace(messages=8, seconds=13.0)
STREAMS: Final = Pace(messages=4, seconds=16.0)
_SHORT_PAUSE = 2.0
"""Seconds that an answer waits for its edit when Slack asks for a pause; one that would wait longer is posted."""
_GREW_QUIET = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
_BLOCK = 4
_HELD = 10.0
"""Seconds after which a grant that was not used is given up, so that few of different times are used at once."""
_log = structlog.get_logger(__name__)


class Grants:
    """Calls of one kind in one workspace, taken from their pace a few at a time."""

    def __init__(self, paces: Paces, clock: Clock, key: str, pace: Pace) -> None:
        self._paces = paces
        self._clock = clock
        self._key = key
        self._pace = pace
        self._held: list[float] = []
        self._none_before = {False: 0.0, True: 0.0}
        self._paused_until = 0.0
        self._asking = asyncio.Lock()

    async def take(self, *, spare: bool = False) -> bool:
        """Whether one call may be made now. ``spare``: only while half of the burst is left for others."""
        async with self._asking:
            now = self._clock.monotonic()
            self._held = [until for until in self._held if until > now]
            if len(self._held) <= int(spare) and now >= self._none_before[spare]:
                await self._ask(now, spare=spare)
            if len(self._held) <= int(spare) or self._clock.monotonic() < self._paused_until:
                return False
            self._held.pop()
            return True

    async def take_with(self, ask: Callable[[WantedCalls | None], Awaitable[Allowed]]) -> Allowed | None:
        """Take one call in a transaction that is made anyway; None where none may be made now. Raises what ``ask`` raises.

        ``ask``: makes it, with the calls to be taken there where none is held.
        """
        async with self._asking:
            now = self._clock.monotonic()
            self._held = [until for until in self._held if until > now]
            if now < self._paused_until or (not self._held and now < self._none_before[False]):
                return None
            held = self._held.pop() if self._held else None
            allowed = Allowed()
            try:
                allowed = await ask(WantedCalls(self._key, self._pace, _BLOCK) if held is None else None)
            finally:
                if held is not None and not allowed.noted:
                    self._held.append(held)
            if held is None and not allowed.busy:
                self._take_in(now, allowed.granted - int(allowed.noted), allowed.wait, spare=False)
            return allowed if held is not None or allowed.granted or allowed.busy else None

    def give_back(self) -> None:
        """The call was not made. In a pause that Slack asked for, the grant is lost."""
        now = self._clock.monotonic()
        if now >= self._paused_until:
            self._held.append(now + _HELD)

    async def hold_back(self, seconds: float) -> None:
        """Slack asked for a pause, which holds for all processes."""
        until = self._clock.monotonic() + seconds
        self._held.clear()
        self._none_before = {False: until, True: until}
        self._paused_until = until
        with contextlib.suppress(StoreUnavailable):
            await self._paces.pause(self._key, seconds)

    async def _ask(self, now: float, *, spare: bool) -> None:
        pace = Pace(self._pace.messages // 2, self._pace.seconds / 2) if spare else self._pace
        try:
            granted, wait = await self._paces.reserve(self._key, pace, _BLOCK)
        except StoreUnavailable:
            granted, wait = 0, 1.0
        self._take_in(now, granted, wait, spare=spare)

    def _take_in(self, now: float, granted: int, wait: float, *, spare: bool) -> None:
        self._held += [now + _HELD] * granted
        self._none_before[spare] = now + wait


class Edits:
    """Edits of messages that were begun, within what is left to their workspaces."""

    def __init__(self, paces: Paces, account: str, clock: Clock) -> None:
        self._paces = paces
        self._account = account
        self._clock = clock
        self._grants: dict[str, Grants] = {}

    def grants_for(self, place: Place) -> Grants:
        """Calls of chat.update."""
        return self._granted(place, "edit", EDITS)

    def streams(self, place: Place) -> Grants:
        """Streams that are started, and stopped later."""
        return self._granted(place, "stream", STREAMS)

    async def become(
        self,
        client: SlackClient,
        place: Place,
        sent: Sent,
        body: Mapping[str, Any],
        key: str,
        *,
        streaming: bool,
        rest: str | None,
    ) -> Sent | None:
        """Make a message the answer. None where it is gone, or Slack asks for a longer pause. Raises ChannelError.

        ``rest``: what a stream lacks of the answer's text, where it can be ended with that; otherwise it is stopped and edited.
        """
        for last in (False, True):
            try:
                if rest is not None:
                    if await _end(client, sent, rest, body, key):
                        return sent
                elif streaming:
                    await stop(client, sent)
                return await client.update(sent, body["text"], blocks=body["blocks"], metadata=marked(key))
            except Refused as error:
                if error.reason not in _GREW_QUIET:
                    raise
                return None
            except RateLimited as error:
                await self.grants_for(place).hold_back(error.retry_after)
                if last or error.retry_after > _SHORT_PAUSE:
                    return None
                await self._clock.sleep(error.retry_after)
        return None

    async def alter(self, client: SlackClient, place: Place, body: Mapping[str, Any], key: str) -> Receipt:
        """To do it again does no harm. Raises ChannelError.

        A correction that has to wait holds up no other message of the account.
        """
        if body["method"] != altering.EDIT:
            return await _alter(client, body, key)
        if not await self.grants_for(place).take():
            raise Unreachable("The workspace has no edit left at this moment.")
        try:
            return await _alter(client, body, key)
        except RateLimited as error:
            await self.grants_for(place).hold_back(error.retry_after)
            raise Unreachable(error.detail) from error

    def _granted(self, place: Place, kind: str, pace: Pace) -> Grants:
        key = f"{CHANNEL}:{self._account}:{place.team}:{kind}"
        if key not in self._grants:
            self._grants[key] = Grants(self._paces, self._clock, key, pace)
        return self._grants[key]


async def _end(client: SlackClient, sent: Sent, rest: str, body: Mapping[str, Any], key: str) -> bool:
    """Whether the stream was still one. What the answer has below its text comes below the stream's."""
    below = list(body["blocks"][1:]) or None
    try:
        await client.chat_stopStream(
            channel=sent.channel, ts=sent.ts, markdown_text=rest or None, blocks=below, metadata=marked(key)
        )
    except Refused as error:
        _log.info("slack.stream_was_stopped", reason=error.reason)
        return False
    return True


async def _alter(client: SlackClient, body: Mapping[str, Any], key: str) -> Receipt:
    """What is gone already need not be deleted."""
    sent = Sent.named(body["of"])
    match body["method"]:
        case altering.EDIT:
            await client.update(sent, body["text"], blocks=body["blocks"], metadata=marked(key))
        case altering.DELETE:
            await remove(client, sent, streaming=False)
        case _:
            await react(client, sent, body["name"], present=body["method"] == altering.ADD)
    return Receipt()


async def react(client: SlackClient, sent: Sent, name: str, *, present: bool) -> None:
    """Add or remove a reaction of ours; that it is as it should be already is as good. Raises ChannelError."""
    try:
        await (client.reactions_add if present else client.reactions_remove)(
            channel=sent.channel, timestamp=sent.ts, name=name
        )
    except Refused as error:
        if error.reason not in ("already_reacted", "no_reaction"):
            raise
