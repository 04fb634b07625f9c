"""Parse and store an update, whether it was polled or came to the webhook."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from telegram import Update

from channels.accepting import accept_in_order, read_or_quarantine
from channels.telegram.albums import GroupAlbums
from channels.telegram.chats import Chats
from channels.telegram.parse import Reader, parse_update
from channels.telegram.post_commit_tasks import PostCommitTasks
from channels.telegram.settings import CHANNEL
from core.domain.errors import UnknownMessage
from core.domain.messages import ConversationEvent, InboundEvent, RawEvent
from core.ports.channel import Accepted, InboundSink, WebhookReply
from core.ports.clock import Clock

Accept = Callable[[InboundSink, Sequence[InboundEvent], RawEvent], Awaitable[None]]


class GroupSink:
    """The sink, which ignores edits of and reactions to a group's messages that were not for the bot and so are unknown."""

    def __init__(self, sink: InboundSink) -> None:
        self._sink = sink

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        try:
            return await self._sink.accept(events, raw)
        except UnknownMessage:
            if all(
                isinstance(event, ConversationEvent) and event.conversation.thread.startswith("-") for event in events
            ):
                return []
            raise

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        await self._sink.quarantine(raw, reason)


class Incoming:
    """``polled`` and ``take`` return after everything is durable."""

    def __init__(
        self,
        account: str,
        reader: Reader,
        sink: InboundSink,
        albums: GroupAlbums,
        chats: Chats,
        post_commit: PostCommitTasks,
        clock: Clock,
    ) -> None:
        self._account = account
        self._albums = albums
        self._chats = chats
        self._reader = reader
        self._sink = sink
        self._post_commit = post_commit
        self._clock = clock

    async def polled(self, fields: Any) -> None:
        """Store one update of a poll. Raises StoreUnavailable and Overloaded: then ask for it again."""
        raw = self._raw(fields)
        update = await read_or_quarantine(self._sink, raw, lambda: parse_update(fields))
        if update is None:
            return
        reply = await self.take(update, raw, accept_in_order)
        if reply is not None:
            self._post_commit.perform(reply.body)

    async def take(self, update: Update, raw: RawEvent, accept: Accept) -> WebhookReply | None:
        """Store an update, after those that were put aside until it came. The reply, where Telegram is answered with one."""
        await self._chats.recognise(update)
        for earlier in await self._albums.earlier(update):
            await self._store(earlier, self._raw(earlier.to_dict()), accept_in_order)
        reply = await self._store(update, raw, accept)
        await self._albums.accepted(update)
        return reply

    async def _store(self, update: Update, raw: RawEvent, accept: Accept) -> WebhookReply | None:
        at = raw.received_at or self._clock.now()
        events = await read_or_quarantine(self._sink, raw, lambda: self._reader.events(update, at))
        if isinstance(events, WebhookReply):
            return events
        if events is not None:
            await accept(self._sink, events, raw)
            await self._post_commit.run(update)
        return None

    def _raw(self, fields: Any) -> RawEvent:
        return RawEvent(CHANNEL, self._account, json.dumps(fields).encode(), {}, self._clock.now())
