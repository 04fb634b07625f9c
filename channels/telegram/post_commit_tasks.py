"""What is done with an update after its commit: note moved and blocked chats, answer the press of a button."""

from __future__ import annotations

import json
from typing import Any

import structlog
from telegram import CallbackQuery, MaybeInaccessibleMessage, Update

from channels.background import BackgroundTasks
from channels.telegram.addressing import GROUPS
from channels.telegram.chats import Chats
from channels.telegram.client import BotApi
from channels.telegram.parse import PERSON
from channels.telegram.words import HEARD, say
from core.domain.errors import ChannelError

_log = structlog.get_logger(__name__)


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
