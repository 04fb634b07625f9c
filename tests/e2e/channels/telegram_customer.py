"""A person in a private chat with the bot on the fake Telegram, whether the hub polls or is called."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

from config.simulation.telegram_fake import TelegramFake, Trouble
from tests.e2e.channels.customer import Paper, until

_IDS = itertools.count(1)
_A_GROUP = -100_200_300
Update = dict[str, Any]


class TelegramCustomer:
    """``polled``: the hub asks for updates; otherwise they are sent to its webhook."""

    channel = "telegram"

    def __init__(self, telegram: TelegramFake, number: int, *, polled: bool) -> None:
        self._telegram = telegram
        self._chat = 50_000 + number
        self._polled = polled
        self.who = str(self._chat)

    async def write(self, text: str, *papers: Paper) -> Update:
        if not papers:
            return await self._telegram.write(text, chat=self._chat)
        (paper,) = papers
        file = f"file{next(_IDS)}"
        self._telegram.files[file] = paper.content
        sent: dict[str, Any] = {"file_id": file, "file_unique_id": file, "file_size": len(paper.content)}
        sent |= {"mime_type": paper.media_type}
        if paper.media_type == "audio/ogg":  # recorded in the chat: it has no name
            held: dict[str, Any] = {"voice": {**sent, "duration": 4}}
        else:
            held = {"document": {**sent, "file_name": paper.name}}
        held |= {"caption": text} if text else {}
        message = self._telegram.message(chat=self._chat, **held)
        return await self._telegram.update(message=message)

    async def again(self, said: Update) -> None:
        """To a hub that polls, as after a crash between its commit and its next question."""
        if not self._polled:
            before = len(self._telegram.pushed)
            await self._telegram.again(said)
            await self._telegram.until(lambda: len(self._telegram.pushed) > before)
            return
        self._telegram.next("getUpdates", Trouble(result=[said]))
        before = len(self._telegram.named("getUpdates"))
        await self._telegram.update(
            message=self._telegram.message("Others talk", chat=_A_GROUP)
        )  # ends the present poll
        await self._telegram.until(lambda: len(self._telegram.named("getUpdates")) > before + 1)

    async def ask_for_person(self) -> None:
        await self._press(0)

    async def choose(self, number: int) -> None:
        await self._press(number - 1)

    async def _press(self, row: int) -> None:
        (offer,) = (one for one in self._got() if "reply_markup" in one)
        (button,) = offer["reply_markup"]["inline_keyboard"][row]
        query = f"press{next(_IDS)}"
        self._telegram.queries.add(query)
        pressed = {"id": query, "from": self._person(), "message": offer, "chat_instance": "1"}
        await self._telegram.update(callback_query={**pressed, "data": button["callback_data"]})
        await until(lambda: query not in self._telegram.queries, self.read)  # the waiting circle on the button ends

    async def command(self, wish: str) -> None:
        entity = {"type": "bot_command", "offset": 0, "length": len(wish) + 1}
        await self._telegram.write(f"/{wish}", chat=self._chat, entities=[entity])

    def read(self) -> list[str]:
        return self._telegram.texts(self._chat)

    async def papers(self) -> list[bytes]:
        sent = self._telegram.named("sendDocument")
        return [params["document"] for params in sent if params["chat_id"] == self._chat]

    async def lose_file(self, send: Callable[[], Awaitable[None]]) -> None:
        self._telegram.next("sendDocument", Trouble(413, "Request Entity Too Large"))
        await send()

    def links(self) -> list[str]:
        return [entity["url"] for one in self._got() for entity in one.get("entities", []) if "url" in entity]

    async def edit(self, said: Update, text: str) -> None:
        await self._telegram.update(edited_message={**said["message"], "text": text, "edit_date": int(time.time())})

    async def react_to_answer(self, emoji: str) -> None:
        answer = self._got()[-1]
        change = {"chat": answer["chat"], "message_id": answer["message_id"], "user": self._person()}
        new = [{"type": "emoji", "emoji": emoji}]
        change |= {"date": int(time.time()), "old_reaction": [], "new_reaction": new}
        await self._telegram.update(message_reaction=change)

    def _got(self) -> list[Update]:
        return [one for one in self._telegram.sent if one["chat"]["id"] == self._chat]

    def _person(self) -> dict[str, Any]:
        return {"id": self._chat, "is_bot": False, "first_name": "Ada", "language_code": "en"}
