"""Parse and store an update, whether it was polled or came to the webhook, and do what it asks for after its commit."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import CallbackQuery, MaybeInaccessibleMessage, Update

from channels.accepting import accept_in_order, read_or_quarantine
from channels.background import BackgroundTasks
from channels.telegram.addressing import GROUPS
from channels.telegram.albums import GroupAlbums
from channels.telegram.chats import Chats
from channels.telegram.client import BotApi
from channels.telegram.parse import PERSON, Reader, parse_update
from channels.telegram.settings import CHANNEL
from channels.telegram.words import HEARD, say
from core.domain.errors import ChannelError, UnknownMessage
from core.domain.messages import ConversationEvent, InboundEvent, RawEvent
from core.ports.channel import Accepted, InboundSink, WebhookReply
from core.ports.clock import Clock

_log = structlog.get_logger(__name__)
Accept = Callable[[InboundSink, Sequence[InboundEvent], RawEvent], Awaitable[None]]


class PostCommitTasks(BackgroundTasks):
    """Notes are durable before the update is acknowledged; answers to buttons are tried once, in the background."""

    def __init__(self, api: BotApi, chats: Chats) -> None:
        super().__init__()
        self._api = api
        self._chats = chats

    async def run(self, update: Update) -> None:
        """Raises StoreUnavailable."""
        await self._note(update)
        query = update.callback_query
        if query is not None and query.message is not None:
            self._begin(self._confirm_press(query, query.message))

    def perform(self, reply: bytes) -> None:
        """Make the call that the answer to a webhook would have contained (https://core.telegram.org/bots/faq)."""
        call = json.loads(reply)
        self._begin(self._try_call(call.pop("method"), call))

    async def _note(self, update: Update) -> None:
        change, message = update.my_chat_member, update.message
        if change is not None:
            await self._chats.membership(change.chat.id, change.new_chat_member.status, change.date)
        if message is not None and message.migrate_to_chat_id is not None:
            await self._chats.moved(message.chat_id, message.migrate_to_chat_id)
        if message is not None and message.migrate_from_chat_id is not None:
            await self._chats.moved(message.migrate_from_chat_id, message.chat_id)

    async def _confirm_press(self, pressed: CallbackQuery, below: MaybeInaccessibleMessage) -> None:
        """Tell the person that their wish is stored. Remove the buttons in private chats only: in a group others need them."""
        told = {"text": say(HEARD, pressed.from_user.language_code)} if pressed.data == PERSON else {}
        await self._try_call("answerCallbackQuery", {"callback_query_id": pressed.id, **told})
        if below.chat.type not in GROUPS:
            where = {"chat_id": below.chat.id, "message_id": below.message_id}
            await self._try_call("editMessageReplyMarkup", where)

    async def _try_call(self, method: str, params: dict[str, Any]) -> None:
        try:
            await self._api.call(method, params)
        except ChannelError as error:
            _log.info("telegram.call_after_commit_failed", method=method, detail=error.detail)


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


@dataclass(frozen=True, slots=True)
class Incoming:
    """``polled`` and ``take`` return after everything is durable."""

    account: str
    reader: Reader
    sink: InboundSink
    albums: GroupAlbums
    chats: Chats
    post_commit: PostCommitTasks
    clock: Clock

    async def polled(self, fields: Any) -> None:
        """Store one update of a poll. Raises StoreUnavailable and Overloaded: then ask for it again."""
        raw = self._raw(fields)
        update = await read_or_quarantine(self.sink, raw, lambda: parse_update(fields))
        if update is None:
            return
        reply = await self.take(update, raw, accept_in_order)
        if reply is not None:
            self.post_commit.perform(reply.body)

    async def take(self, update: Update, raw: RawEvent, accept: Accept) -> WebhookReply | None:
        """Store an update, after those that were put aside until it came. The reply, where Telegram is answered with one."""
        await self.chats.recognise(update)
        for earlier in await self.albums.earlier(update):
            await self._store(earlier, self._raw(earlier.to_dict()), accept_in_order)
        reply = await self._store(update, raw, accept)
        await self.albums.accepted(update)
        return reply

    async def _store(self, update: Update, raw: RawEvent, accept: Accept) -> WebhookReply | None:
        at = raw.received_at or self.clock.now()
        events = await read_or_quarantine(self.sink, raw, lambda: self.reader.events(update, at))
        if isinstance(events, WebhookReply):
            return events
        if events is not None:
            await accept(self.sink, events, raw)
            await self.post_commit.run(update)
        return None

    def _raw(self, fields: Any) -> RawEvent:
        return RawEvent(CHANNEL, self.account, json.dumps(fields).encode(), {}, self.clock.now())
