"""What is known of chats besides what is said in them: where a group has moved, who has blocked the bot."""

from __future__ import annotations

from datetime import datetime

from telegram import Update
from telegram.constants import ChatType

from channels.telegram.settings import CHANNEL
from core.ports.channel_memory import ChannelMemory

_MOVED = "moved/"
_CAME = "came-from/"
_BLOCKED = "blocked/"
_LEFT = frozenset({"kicked", "left"})


class Chats:
    """Durable by `ChannelMemory`; moves are also held here, because every send asks for them. ``homes``: the reader's."""

    def __init__(self, memory: ChannelMemory, account: str, homes: dict[int, int]) -> None:
        self._homes = homes
        self._memory = memory
        self._account = account
        self._moved: dict[str, int] = {}

    async def load(self) -> None:
        """Read the moves. Raises StoreUnavailable."""
        rows = await self._memory.recall_all(CHANNEL, self._account, _MOVED)
        self._moved = {key.removeprefix(_MOVED): int(chat) for key, chat in rows.items()}

    def now_at(self, chat: int | str) -> int | str:
        """A group that became a supergroup has another id ever since; a second move would be followed too."""
        seen = {str(chat)}
        while (new := self._moved.get(str(chat))) is not None and str(new) not in seen:
            chat = new
            seen.add(str(chat))
        return chat

    async def moved(self, old: int | str, new: int) -> None:
        """Remember it, both ways. Raises StoreUnavailable."""
        if self._moved.get(str(old)) != new:
            await self._memory.remember(CHANNEL, self._account, f"{_CAME}{new}", str(old))
            await self._memory.remember(CHANNEL, self._account, f"{_MOVED}{old}", str(new))
            self._moved[str(old)] = new
        self._homes[new] = int(old)

    async def recognise(self, update: Update) -> None:
        """Before an update is read: whether its group is one that has moved, which another process may have heard.

        Only supergroups have. Raises StoreUnavailable.
        """
        chat = update.effective_chat
        if chat is None or chat.type != ChatType.SUPERGROUP or chat.id in self._homes:
            return
        began = await self._memory.recall(CHANNEL, self._account, f"{_CAME}{chat.id}")
        if began is not None:
            self._homes[chat.id] = int(began)

    async def membership(self, chat: int, status: str, at: datetime) -> None:
        """``my_chat_member``: blocked or thrown out, or back again. Raises StoreUnavailable."""
        if status in _LEFT:
            await self._memory.remember(CHANNEL, self._account, f"{_BLOCKED}{chat}", at.isoformat())
        else:
            await self._memory.forget(CHANNEL, self._account, f"{_BLOCKED}{chat}")

    async def blocked_since(self, chat: int | str) -> str | None:
        """The time in ISO 8601, as Telegram told it. Sending is tried all the same: a customer may have come back unseen."""
        return await self._memory.recall(CHANNEL, self._account, f"{_BLOCKED}{chat}")
