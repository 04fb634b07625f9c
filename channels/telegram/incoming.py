"""The way of an update from Telegram to the sink, the same for polling and for the webhook."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from channels.accepting import accept_in_order
from channels.telegram.afterwards import Afterwards
from channels.telegram.albums import GroupAlbums
from channels.telegram.chats import Chats
from channels.telegram.parse import decode
from channels.telegram.settings import CHANNEL
from core.domain.errors import InvalidInput, UnknownMessage
from core.domain.messages import ConversationEvent, InboundEvent, RawEvent
from core.ports.channel import Accepted, InboundSink, WebhookReply
from core.ports.clock import Clock

_log = structlog.get_logger(__name__)

Parse = Callable[[RawEvent], Sequence[InboundEvent] | WebhookReply]


class GroupSink:
    """The sink, but for groups: there people edit and mark messages that never were for the bot, so nobody comes again."""

    def __init__(self, sink: InboundSink) -> None:
        self._sink = sink

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        """See InboundSink.accept."""
        try:
            return await self._sink.accept(events, raw)
        except UnknownMessage:
            if all(
                isinstance(event, ConversationEvent) and event.conversation.thread.startswith("-") for event in events
            ):
                return []
            raise

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        """See InboundSink.quarantine."""
        await self._sink.quarantine(raw, reason)


class Incoming:
    """``polled``, ``expect`` and ``see`` return after everything is durable."""

    def __init__(
        self,
        account: str,
        parse: Parse,
        sink: InboundSink,
        albums: GroupAlbums,
        chats: Chats,
        afterwards: Afterwards,
        clock: Clock,
    ) -> None:
        self._account = account
        self._albums = albums
        self._chats = chats
        self._parse = parse
        self._sink = sink
        self._afterwards = afterwards
        self._clock = clock

    async def polled(self, update: Any) -> None:
        """One update of a poll. Raises StoreUnavailable and Overloaded: then it must be asked for again."""
        await self._bring_earlier(update)
        await self._take(update)
        await self._albums.accepted(update)

    async def expect(self, body: bytes) -> None:
        """Before what a webhook brought is read. Raises StoreUnavailable and Overloaded."""
        try:
            update = decode(body)
        except InvalidInput:
            return  # it will be quarantined
        await self._bring_earlier(update)

    async def _bring_earlier(self, update: Any) -> None:
        """What was put aside, and is for us as this shows; and what is known of its group."""
        await self._chats.recognise(update)
        for earlier in await self._albums.earlier(update):
            await self._take(earlier)

    async def _take(self, update: Any) -> None:
        raw = RawEvent(CHANNEL, self._account, json.dumps(update).encode(), {}, self._clock.now())
        try:
            parsed = self._parse(raw)
        except InvalidInput as error:
            await self._sink.quarantine(raw, error.detail)
        except Exception as error:
            _log.exception("telegram.unparsable")
            await self._sink.quarantine(raw, f"{type(error).__name__}: {error}")
        else:
            if isinstance(parsed, WebhookReply):
                self._afterwards.perform(parsed.body)
            else:
                await accept_in_order(self._sink, parsed, raw)
                await self._afterwards.see(update)

    async def see(self, body: bytes) -> None:
        """After the commit of what a webhook brought. Raises StoreUnavailable."""
        try:
            update = decode(body)
        except InvalidInput:
            return  # it was quarantined
        await self._afterwards.see(update)
        await self._albums.accepted(update)
