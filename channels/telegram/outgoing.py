"""Sends what was rendered, and finds another way where Telegram refuses the first: a file becomes a link, not nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import structlog

from channels.telegram.chats import Chats
from channels.telegram.client import BotApi, Refused
from channels.telegram.html import plain_of
from channels.telegram.pace import GroupPace
from channels.telegram.render import text_call
from channels.telegram.upload import File
from channels.telegram.words import FILE_LINK, FILE_LOST, say
from core.domain.attachments import Attachment
from core.domain.errors import Rejected, StoreUnavailable
from core.domain.messages import Receipt
from core.ports.surroundings import Surroundings

UPLOAD_BYTES: Final = 50 * 1024 * 1024
"""https://core.telegram.org/bots/api#senddocument"""
_FIELDS: Final = {"sendPhoto": "photo", "sendDocument": "document"}
_CLOSED = ("topic_closed", "topic_deleted", "thread not found", "not enough rights", "have no rights", "chat not found")

_log = structlog.get_logger(__name__)


class Outgoing:
    """One bot's way out."""

    def __init__(self, api: BotApi, chats: Chats, surroundings: Surroundings) -> None:
        self._api = api
        self._chats = chats
        self._files = surroundings.files
        self._link = surroundings.link
        self._pace = GroupPace(surroundings.clock)

    async def send(self, body: Mapping[str, Any]) -> Receipt:
        """One payload. Raises a ChannelError; a refusal certainly did not happen, so another form may be tried at once."""
        chat = self._chats.now_at(body["params"]["chat_id"])
        self._pace.take(chat)
        try:
            return _receipt(await self._in_some_form({**body, "params": {**body["params"], "chat_id": chat}}))
        except Refused as refused:
            moved_to = refused.parameters.get("migrate_to_chat_id")
            if isinstance(moved_to, int):
                await self._note_move(chat, moved_to)
                there = {**body, "params": {**body["params"], "chat_id": moved_to}}
                return _receipt(await self._in_some_form(there))
            if refused.code_number == HTTPStatus.FORBIDDEN:
                raise await self._blocked(chat, refused) from None
            raise

    async def _in_some_form(self, body: Mapping[str, Any]) -> Any:
        return await (self._file(body) if "file" in body else self._text(body))

    async def _text(self, body: Mapping[str, Any]) -> Any:
        try:
            return await self._api.call(body["method"], body["params"])
        except Refused as refused:
            if not refused.says("can't parse entities"):
                raise
            _log.error("telegram.marks_refused", detail=refused.description)
            unmarked = {name: value for name, value in body["params"].items() if name != "parse_mode"}
            return await self._api.call(body["method"], {**unmarked, "text": plain_of(unmarked["text"])})

    async def _file(self, body: Mapping[str, Any]) -> Any:
        attachment = Attachment(**body["file"])
        methods = ["sendPhoto", "sendDocument"] if body["method"] == "sendPhoto" else ["sendDocument"]
        for method in methods if attachment.size <= UPLOAD_BYTES else ():
            chunks = self._files.open(attachment)
            file = File(_FIELDS[method], attachment.name, attachment.media_type, attachment.size, chunks)
            try:
                return await self._api.upload(method, body["params"], file)
            except Refused as refused:
                if _is_about_the_chat(refused):
                    raise
                _log.warning("telegram.file_refused", method=method, detail=refused.description)
        return await self._text(text_call(body["params"], self._instead_of(attachment, body.get("locale"))))

    def _instead_of(self, attachment: Attachment, locale: str | None) -> str:
        link, name = self._link(attachment), _escaped(attachment.name)
        if link is None:
            return f"{say(FILE_LOST, locale)} {name}"
        return f'{say(FILE_LINK, locale)} <a href="{_escaped(link)}">{name}</a>'

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
        group = str(chat).startswith("-")
        way = "Add the bot to the group again, or let it write there." if group else "The customer has to write first."
        return Rejected(f"{refused.detail}{when} {way}")


def _is_about_the_chat(refused: Refused) -> bool:
    """No other form of the message would help."""
    moved = "migrate_to_chat_id" in refused.parameters
    return moved or refused.code_number == HTTPStatus.FORBIDDEN or refused.says(*_CLOSED)


def _receipt(sent: Any) -> Receipt:
    """Reactions and answers will name the message by this (see parse.message_id)."""
    if not isinstance(sent, dict) or "message_id" not in sent:
        return Receipt()
    at = datetime.fromtimestamp(int(sent["date"]), UTC) if "date" in sent else None
    return Receipt(provider_id=f"m/{sent['chat']['id']}/{sent['message_id']}", at=at, tracked=True)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
