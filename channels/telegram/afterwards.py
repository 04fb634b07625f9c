"""What an update asks for besides being stored: noting what became of a chat, and telling a button that it was pressed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog

from channels.telegram.addressing import GROUPS
from channels.telegram.chats import Chats
from channels.telegram.client import BotApi
from channels.telegram.parse import PERSON
from channels.telegram.wire import CallbackQuery, Update
from channels.telegram.words import HEARD, say
from core.domain.errors import ChannelError

_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError)

_log = structlog.get_logger(__name__)


class Afterwards:
    """After the commit. Notes are durable before the update is acknowledged; answers to buttons are a courtesy."""

    def __init__(self, api: BotApi, chats: Chats) -> None:
        self._api = api
        self._chats = chats
        self._courtesies: set[asyncio.Task[None]] = set()

    async def see(self, update: Update) -> None:
        """Raises StoreUnavailable. What is malformed was quarantined already."""
        try:
            await self._note(update)
            query = update.get("callback_query")
            if query is not None and query.get("message") is not None:
                self._begin(self._heard(query["id"], query["from"].get("language_code"), query))
        except _MALFORMED:
            _log.debug("telegram.nothing_to_note", update=update.get("update_id"))

    def perform(self, reply: bytes) -> None:
        """Make the call that an answer to a webhook would have asked for (https://core.telegram.org/bots/faq)."""
        call = json.loads(reply)
        self._begin(self._politely(call.pop("method"), call))

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._courtesies:
            task.cancel()
        if self._courtesies:
            await asyncio.wait(self._courtesies)

    async def _note(self, update: Update) -> None:
        change, message = update.get("my_chat_member"), update.get("message")
        if change is not None:
            at = datetime.fromtimestamp(change["date"], UTC)
            await self._chats.membership(int(change["chat"]["id"]), change["new_chat_member"]["status"], at)
        if message is not None and "migrate_to_chat_id" in message:
            await self._chats.moved(int(message["chat"]["id"]), int(message["migrate_to_chat_id"]))
        if message is not None and "migrate_from_chat_id" in message:
            await self._chats.moved(int(message["migrate_from_chat_id"]), int(message["chat"]["id"]))

    async def _heard(self, query: str, locale: str | None, pressed: CallbackQuery) -> None:
        """Tell who pressed that their wish is stored. In a private chat, take the buttons away; others in a group need them."""
        told = {"text": say(HEARD, locale)} if pressed.get("data") == PERSON else {}
        await self._politely("answerCallbackQuery", {"callback_query_id": query, **told})
        message = pressed["message"]
        if message["chat"]["type"] in GROUPS:
            return
        where = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
        await self._politely("editMessageReplyMarkup", where)

    async def _politely(self, method: str, params: dict[str, Any]) -> None:
        try:
            await self._api.call(method, params)
        except ChannelError as error:
            _log.info("telegram.courtesy_failed", method=method, detail=error.detail)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._courtesies.add(task)
        task.add_done_callback(self._courtesies.discard)
