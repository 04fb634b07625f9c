"""Telegram: private chats, by polling or by webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.simulation import telegram_fake
from config.simulation.telegram_fake import TOKEN, TelegramFake
from tests.faults.channels.door import Provider
from tests.faults.channels.weather import Trouble
from tests.servers.hub import Hub

_TROUBLES = {
    Trouble.FAILURE: telegram_fake.Trouble(502, bare=True),
    Trouble.GONE: telegram_fake.Trouble(hang_up=True),
    Trouble.LOST: telegram_fake.Trouble(taken=True, hang_up=True),
}
_SAYS = frozenset({"sendMessage", "sendDocument", "editMessageText", "deleteMessage"})
_ASKS = frozenset({"getUpdates", "getFile"})
_CHATS = 70_000


class TelegramDoor(Provider):
    """In webhook mode updates of different chats overtake each other; polling hands them out in their order."""

    name = "telegram"
    asks = False

    def __init__(self, fake: TelegramFake, *provider: Any, webhook: bool) -> None:
        super().__init__(*provider)
        self.weather.certain = (Trouble.LIMIT,)
        self._fake = fake
        self._webhook = webhook
        self._shown: dict[int, list[str]] = {}
        self._seen = 0
        self._pushed = 0
        self._taken: set[int] = set()
        self.weather.certain = (Trouble.LIMIT,)  # a 502 comes from the gateway, and says nothing of what is behind it
        fake.weather = self._trouble

    def settings(self, hub: str) -> Mapping[str, str]:
        """See Door.settings."""
        return {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_BASE_URL": self._fake.url,
            "TELEGRAM_MODE": "webhook" if self._webhook else "polling",
            "TELEGRAM_WEBHOOK_SECRET": "secret-of-the-webhook",
        }

    async def admit(self, hub: Hub, people: Sequence[str]) -> None:
        """See Door.admit."""
        method = "setWebhook" if self._webhook else "getUpdates"
        await self._fake.until(lambda: bool(self._fake.named(method)), 60)

    async def write(self, tag: str, text: str) -> None:
        """See Door.write. An update that was taken by a webhook may come again; a poll repeats what was not confirmed."""
        update = await self._fake.write(text, chat=_chat(tag))
        if not self._webhook:
            return
        await self.push(update)

    def read(self, tag: str) -> Sequence[str]:
        """See Door.read."""
        news, self._seen = self._fake.sent[self._seen :], len(self._fake.sent)
        for one in news:
            self._shown.setdefault(one["chat"]["id"], []).append(str(one.get("text", "")))
        return self._shown.get(_chat(tag), [])

    async def close(self) -> None:
        """See Door.close."""
        await super().close()
        assert not self._fake.problems, self._fake.problems

    async def push(self, update: dict[str, Any]) -> None:
        """Until the hub's webhook has taken what waits for it, behind some of the others."""
        await self._overtake(update)
        await self._fake.until(lambda: self._is_taken(update["update_id"]), 900)
        self.repeat(lambda: self._fake.again(update))

    async def _overtake(self, update: dict[str, Any]) -> None:
        async with self._fake.changed:
            waiting = self._fake.updates
            if update in waiting[1:]:
                waiting.remove(update)
                waiting.insert(self.rng.randint(1, len(waiting)), update)

    def _is_taken(self, update_id: int) -> bool:
        news, self._pushed = self._fake.pushed[self._pushed :], len(self._fake.pushed)
        self._taken.update(number for number, status in news if 200 <= status < 300)
        self.counts["delivered again because not taken"] += sum(not 200 <= status < 300 for _, status in news)
        return update_id in self._taken

    def _trouble(self, method: str, params: Mapping[str, Any]) -> telegram_fake.Trouble | None:
        if method in _SAYS:
            said = params.get("text") or params.get("caption") or params.get("message_id")
            trouble = self.weather.over(f"{method} {params['chat_id']} {said}")
        else:
            trouble = self.weather.over_reading() if method in _ASKS else None
        if trouble is Trouble.LIMIT:
            said = f"Too Many Requests: retry after {self.pause}"
            return telegram_fake.Trouble(429, said, {"retry_after": self.pause})
        return _TROUBLES[trouble] if trouble else None


def _chat(tag: str) -> int:
    return _CHATS + int(tag.rpartition("-")[2])
