"""People in a Telegram group, or in one topic of a forum, among whom the bot is one."""

from __future__ import annotations

import itertools
from typing import Any

from config.simulation.telegram_fake import TelegramFake

_IDS = itertools.count(1)
_PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
_TOPIC = 7
Message = dict[str, Any]


class TelegramGroup:
    """One of them speaks. ``topics``: a forum, where they speak in one topic, unless it is said in which."""

    channel = "telegram"

    def __init__(self, telegram: TelegramFake, number: int, *, topics: bool) -> None:
        self._telegram = telegram
        self._chat = -100_500_000 - number
        self._topics = topics
        self.who = str(60_000 + number)

    async def talk(self, text: str) -> None:
        """To each other."""
        await self._say(text=text)

    async def mention(self, text: str, *, topic: int = _TOPIC) -> None:
        """Ask the bot by its name."""
        await self._say(topic, text=self._named(text), entities=self._name())

    async def reply(self, text: str) -> None:
        """Answer the bot's last message."""
        await self._say(text=text, reply_to_message=self.got()[-1])

    async def album(self, caption: str, pictures: int) -> None:
        """Pictures that belong together. The bot's name stands below the last."""
        album = f"album{next(_IDS)}"
        for number in range(pictures):
            file = f"picture{next(_IDS)}"
            self._telegram.files[file] = _PNG
            size = {"file_id": file, "file_unique_id": file, "width": 9, "height": 9, "file_size": len(_PNG)}
            named: Message = {"caption": self._named(caption), "caption_entities": self._name()}
            below: Message = named if number == pictures - 1 else {}
            await self._say(media_group_id=album, photo=[size], **below)

    def read(self) -> list[str]:
        """Everything that the bot said here."""
        return [one.get("text", "") for one in self.got()]

    def got(self) -> list[Message]:
        """The same as Telegram keeps it."""
        return [one for one in self._telegram.sent if one["chat"]["id"] == self._chat]

    async def _say(self, topic: int = _TOPIC, **content: Any) -> None:
        place: Message = {"message_thread_id": topic, "is_topic_message": True} if self._topics else {}
        person = {"id": int(self.who), "is_bot": False, "first_name": "Ada", "language_code": "en"}
        message = self._telegram.message(chat=self._chat) | {"from": person} | place | content
        message["chat"] |= {"is_forum": True} if self._topics else {}
        await self._telegram.update(message=message)

    def _named(self, text: str) -> str:
        return f"@{self._telegram.me['username']} {text}"

    def _name(self) -> list[Message]:
        return [{"type": "mention", "offset": 0, "length": len(self._telegram.me["username"]) + 1}]
