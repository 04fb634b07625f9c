"""Sends what was rendered, and finds another way where Telegram refuses the first: a file becomes a link, not nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from html import escape
from typing import Any, Final

import structlog
from telegram import Message
from telegram.error import ChatMigrated, Forbidden

from channels.bounded import Bounded
from channels.telegram.altering import EDIT, METHODS, done_already
from channels.telegram.chats import Chats
from channels.telegram.client import UPLOAD_SECONDS, BotApi, File, Refused, TooSlow, Unreadable
from channels.telegram.html import plain_of
from channels.telegram.render import text_call
from channels.telegram.words import FILE_LINK, FILE_LOST, say
from core.domain.attachments import Attachment
from core.domain.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, StoreUnavailable, TooEarly, Unreachable
from core.domain.messages import Receipt
from core.ports.clock import Clock
from core.ports.surroundings import Surroundings

UPLOAD_BYTES: Final = 50 * 1024 * 1024
"""https://core.telegram.org/bots/api#senddocument"""
_FIELDS: Final = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendDocument": "document",
}
_CLOSED = ("topic_closed", "topic_deleted", "thread not found", "not enough rights", "have no rights", "chat not found")

_MESSAGES, _BEFORE_EDITS_WAIT = 20, 15
_SECONDS = 60.0
_GROUPS = 1000
_log = structlog.get_logger(__name__)


class Outgoing:
    """One bot's way out."""

    def __init__(self, api: BotApi, chats: Chats, surroundings: Surroundings) -> None:
        self._api = api
        self._chats = chats
        self._files = surroundings.files
        self._link = surroundings.link
        self._clock = surroundings.clock
        self._pace = ChatPace(surroundings.clock)

    async def send(self, body: Mapping[str, Any]) -> Receipt:
        """One payload. Raises a ChannelError; a refusal certainly did not happen, so another form may be tried at once."""
        chat = self._chats.now_at(body["params"]["chat_id"])
        edits = body["method"] == EDIT
        self._pace.take(chat, edit=edits)
        try:
            result = await self._in_some_form({**body, "params": {**body["params"], "chat_id": chat}})
        except RateLimited as error:
            if not edits and not is_group(chat):
                raise
            self._pace.rest(chat, error.retry_after)
            raise TooEarly(error.detail, seconds=error.retry_after) from error
        except Refused as refused:
            if done_already(body, refused):
                return Receipt()
            if refused.moved_to is not None:
                await self._note_move(chat, refused.moved_to)
                there = {**body, "params": {**body["params"], "chat_id": refused.moved_to}}
                return _receipt(await self._in_some_form(there))
            if isinstance(refused.error, Forbidden):
                raise await self._blocked(chat, refused) from None
            raise
        return Receipt() if body["method"] in METHODS else _receipt(result)  # what was altered has its name already

    async def await_recovery(self, body: Mapping[str, Any]) -> None:
        """Whether Telegram takes something for that chat again, by what leaves no trace: "typing". Raises a ChannelError.

        A refusal is an answer too: the message itself will meet it.
        """
        where = {name: body["params"][name] for name in ("chat_id", "message_thread_id") if name in body["params"]}
        where["chat_id"] = self._chats.now_at(where["chat_id"])
        try:
            await self._api.call("sendChatAction", {**where, "action": "typing"})
        except OutcomeUnknown as error:
            raise Unreachable(f"Telegram is not itself yet: {error.detail}") from error
        except Refused as refused:
            _log.info("telegram.refused_while_waiting", detail=refused.detail)

    async def _in_some_form(self, body: Mapping[str, Any]) -> Any:
        return await (self._file(body) if "file" in body else self._text(body))

    async def _text(self, body: Mapping[str, Any]) -> Any:
        try:
            return await self._api.call(body["method"], body["params"])
        except Refused as refused:
            if not refused.says("can't parse entities"):
                raise
            _log.error("telegram.marks_refused", detail=refused.detail)
            unmarked = {name: value for name, value in body["params"].items() if name != "parse_mode"}
            return await self._api.call(body["method"], {**unmarked, "text": plain_of(unmarked["text"])})

    async def _file(self, body: Mapping[str, Any]) -> Any:
        attachment = Attachment(**body["file"])
        methods = dict.fromkeys((body["method"], "sendDocument"))
        until = self._clock.monotonic() + UPLOAD_SECONDS
        for method in methods if attachment.size <= UPLOAD_BYTES else ():
            try:
                chunks = self._files.open(attachment)
                file = File(_FIELDS[method], attachment.name, attachment.media_type, attachment.size, chunks)
                return await self._api.upload(method, body["params"], file, seconds=until - self._clock.monotonic())
            except TooSlow as error:
                _log.warning("telegram.file_too_slow", method=method, detail=error.detail)
                break
            except (Unreadable, NotFound) as error:
                _log.error("telegram.file_unreadable", attachment=attachment.id, detail=error.detail)
                return await self._text(text_call(body["params"], _without(attachment, body.get("locale"))))
            except Refused as refused:
                if _is_about_the_chat(refused):
                    raise
                _log.warning("telegram.file_refused", method=method, detail=refused.detail)
        return await self._text(text_call(body["params"], self._instead_of(attachment, body.get("locale"))))

    def _instead_of(self, attachment: Attachment, locale: str | None) -> str:
        link = self._link(attachment)
        if link is None:
            return _without(attachment, locale)
        return f'{say(FILE_LINK, locale)} <a href="{escape(link)}">{escape(attachment.name)}</a>'

    async def _note_move(self, old: int | str, new: int) -> None:
        try:
            await self._chats.moved(old, new)
        except StoreUnavailable as error:
            _log.warning("telegram.move_not_noted", detail=error.detail)

    async def _blocked(self, chat: int | str, refused: Refused) -> Rejected:
        try:
            since = await self._chats.blocked_since(chat)
        except StoreUnavailable:
            since = None
        when = f" Telegram told so at {since}." if since else ""
        again = "Add the bot to the group again, or let it write there."
        way = again if is_group(chat) else "The customer has to write first."
        return Rejected(f"{refused.detail}{when} {way}")


def is_group(chat: int | str) -> bool:
    """Groups and channels have negative ids."""
    return str(chat).startswith("-")


class ChatPace:
    """Telegram's limit for groups, besides the one for all messages: 20 a minute (https://core.telegram.org/bots/faq).

    Edits count with messages, and leave a quarter of them to new ones. Counts in this process; where several send to one group,
    Telegram's own 429 does the rest.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: Bounded[str, deque[float]] = Bounded(_GROUPS)
        self._not_before: Bounded[str, float] = Bounded(_GROUPS)

    def rest(self, chat: int | str, seconds: float) -> None:
        """Telegram asked for a pause in that chat: before the next edit, and in a group before anything."""
        self._not_before[str(chat)] = self._clock.monotonic() + seconds

    def take(self, chat: int | str, *, edit: bool = False) -> None:
        """Raises TooEarly and Unreachable; RateLimited would hold up every chat."""
        left = self._not_before.get(str(chat), float("-inf")) - self._clock.monotonic()
        if left > 0 and (edit or is_group(chat)):
            raise TooEarly(f"Telegram asked for a pause in this chat; {left:.0f} s of it are left.", seconds=left)
        if not is_group(chat):
            return
        sent = self._sent[str(chat)] = self._sent.get(str(chat), deque(maxlen=_MESSAGES))
        now = self._clock.monotonic()
        most = _BEFORE_EDITS_WAIT if edit else _MESSAGES
        if len(sent) >= most and now - sent[-most] < _SECONDS:
            raise Unreachable(f"This group had {most} messages within a minute; Telegram takes no more of this kind.")
        sent.append(now)


def _without(attachment: Attachment, locale: str | None) -> str:
    """No link either: behind it there would be no file."""
    return f"{say(FILE_LOST, locale)} {escape(attachment.name)}"


def _is_about_the_chat(refused: Refused) -> bool:
    """No other form of the message would help."""
    return isinstance(refused.error, ChatMigrated | Forbidden) or refused.says(*_CLOSED)


def _receipt(sent: Message) -> Receipt:
    """Reactions and answers will name the message by this (see parse.message_id)."""
    return Receipt(provider_id=f"m/{sent.chat_id}/{sent.message_id}", at=sent.date, tracked=True)
