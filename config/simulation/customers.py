"""People who write to the hub, on each platform that is played here, and what they read of it."""

from __future__ import annotations

import itertools
import mimetypes
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import aiohttp

from config.conversations.scenario import CustomerFile
from config.simulation.mail_fake import new_mail
from config.simulation.slack_fake import person
from config.simulation.slack_rules import shown_in
from config.simulation.slack_world import BOT, Channel
from config.simulation.town import Town
from config.simulation.twilio_fake import OURS, WHATSAPP_OURS
from core.domain.errors import ConfigError

BOT_NAME = "@bot"
"""In a text: the hub's own name there, as people mention it."""
_IDS = itertools.count(1)


class Customers(Protocol):
    """The people of one conversation. ``place`` is unique to it, and stands in the key under which the hub knows it."""

    channel: str
    place: str

    async def write(self, text: str, files: Sequence[CustomerFile], author: str) -> None:
        """Returns when the hub has taken it."""
        ...

    async def read(self) -> list[str]:
        """Everything that they see of the hub, oldest first."""
        ...


class WebVisitor:
    """With a session of their own; reads what the widget shows."""

    channel = "web"

    def __init__(self, town: Town, number: int) -> None:
        self.place = ""
        self._town = town
        self._token = ""
        self._files: dict[str, str] = {}

    async def write(self, text: str, files: Sequence[CustomerFile], author: str) -> None:
        if not self.place:
            session = await self._call("POST", "/api/sessions", json={})
            self.place, self._token = session["session_id"], session["token"]
        ids = [(await self._upload(file))["id"] for file in files]
        said = {"message": text, "client_id": f"c{next(_IDS)}", "attachments": ids}
        await self._call("POST", f"/api/chat/sessions/{self.place}/messages?wait=0", json=said)

    async def read(self) -> list[str]:
        if not self.place:
            return []
        found = await self._call("GET", f"/api/sessions/{self.place}/history")
        return [str(one["content"]) for one in found["messages"] if one["author"] != "customer"]

    async def _upload(self, file: CustomerFile) -> Any:
        form = aiohttp.FormData()
        form.add_field("file", file.content, filename=file.name, content_type=_media_type(file))
        return await self._call("POST", f"/api/sessions/{self.place}/attachments", data=form)

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with (
            aiohttp.ClientSession(self._town.url, headers=headers) as http,
            http.request(method, path, **options) as answer,
        ):
            if answer.status >= 300:
                raise ConfigError(f"The hub refused {method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()


class TelegramPerson:
    """In a private chat with the bot."""

    channel = "telegram"
    first: ClassVar[int] = 510_000_000

    def __init__(self, town: Town, number: int) -> None:
        self._telegram = town.telegram
        self._chat = self.first + number
        self.place = str(self._chat)

    async def write(self, text: str, files: Sequence[CustomerFile], author: str) -> None:
        name = self._telegram.me["username"]
        text = text.replace(BOT_NAME, f"@{name}")
        for said in [*({"caption": text, **self._file(one)} for one in files[:1])] or [{"text": text}]:
            at = text.find(f"@{name}")
            marks = [{"type": "mention", "offset": _units(text[:at]), "length": len(name) + 1}] if at >= 0 else []
            kind = "caption_entities" if "caption" in said else "entities"
            await self._deliver({**said, kind: marks}, author)
        for more in files[1:]:
            await self._deliver(self._file(more), author)

    async def read(self) -> list[str]:
        return self._telegram.texts(self._chat)

    async def _deliver(self, content: dict[str, Any], author: str) -> None:
        message = self._telegram.message(chat=self._chat) | {"from": self._person(author)} | content
        update = await self._telegram.update(message=message)
        taken = (update["update_id"], 200)
        await self._telegram.until(lambda: taken in self._telegram.pushed)

    def _file(self, file: CustomerFile) -> dict[str, Any]:
        name, content = f"file{next(_IDS)}", file.content
        self._telegram.files[name] = content
        sent = {"file_id": name, "file_unique_id": name, "file_size": len(content)}
        kind = _media_type(file)
        if kind.startswith("image/"):
            return {"photo": [{**sent, "width": 800, "height": 600}]}
        named = {"file_name": file.name, "mime_type": kind}
        return (
            {"voice": {**sent, "mime_type": kind, "duration": 3}} if kind == "audio/ogg" else {"document": sent | named}
        )

    def _person(self, author: str) -> dict[str, Any]:
        number = abs(self._chat) + (sum(author.encode()) if self._chat < 0 else 0)
        return {"id": number, "is_bot": False, "first_name": author or "Ada", "language_code": "en"}


class TelegramGroup(TelegramPerson):
    """Several people and the bot, which hears those who mention it."""

    first: ClassVar[int] = -100_520_000_000


class PhoneOwner:
    """Text messages to and from a number in North America."""

    channel = "sms"
    ours: ClassVar[str] = OURS
    prefix: ClassVar[str] = ""

    def __init__(self, town: Town, number: int) -> None:
        self._twilio = town.twilio
        self.place = f"{self.prefix}+1202555{number:04}"

    async def write(self, text: str, files: Sequence[CustomerFile], author: str) -> None:
        held = {_media_type(file): file.content for file in files}
        status, body = await self._twilio.deliver(self._twilio.write(text, by=self.place, to=self.ours, files=held))
        if status != 200:
            raise ConfigError(f"The hub refused a text message: {status} {body}")

    async def read(self) -> list[str]:
        return self._twilio.sent(self.place)


class WhatsAppOwner(PhoneOwner):
    """The same over WhatsApp."""

    ours: ClassVar[str] = WHATSAPP_OURS
    prefix: ClassVar[str] = "whatsapp:"


class SlackPerson:
    """In direct messages with the app."""

    channel = "slack"
    kind: ClassVar[str] = "D"

    def __init__(self, town: Town, number: int) -> None:
        self._slack = town.slack
        self._url = f"{town.url}/webhooks/slack"
        self._number = number
        self._thread: str | None = None
        self.place = f"{self.kind}0CUST{number:04}"
        self._slack.channels[self.place] = Channel()

    async def write(self, text: str, files: Sequence[CustomerFile], author: str) -> None:
        user = self._user(author or "Anna")
        more: dict[str, Any] = {"thread_ts": self._thread} if self._thread is not None else {}
        if files:
            held = [self._slack.file(one.name, one.content, _media_type(one)) for one in files]
            more |= {"subtype": "file_share", "files": held}
        mentions = BOT_NAME in text
        event = self._slack.say(text.replace(BOT_NAME, f"<@{BOT}>"), channel=self.place, user=user, **more)
        await self._push(event)
        if mentions and self.kind == "C":
            self._thread = self._thread or event["event"]["ts"]
            await self._push(self._slack.event({**event["event"], "type": "app_mention"}))

    async def read(self) -> list[str]:
        return [_visible_text(one) for one in self._slack.channels[self.place].messages if one.get("bot_id")]

    async def _push(self, event: dict[str, Any]) -> None:
        status, body = await self._slack.push(self._url, event)
        if status != 200:
            raise ConfigError(f"The hub refused an event of Slack: {status} {body!r}")

    def _user(self, author: str) -> str:
        name = "".join(char for char in author.upper() if char.isascii() and char.isalnum())[:8]
        user = f"U{name}{self._number:04}"
        self._slack.users.setdefault(user, person(user, author, "en-US"))
        return user


class SlackThread(SlackPerson):
    """In a channel's thread, which a mention of the app begins."""

    kind: ClassVar[str] = "C"


class MailWriter:
    """Writes mails to the hub, each after the first in answer to what came."""

    channel = "email"

    def __init__(self, town: Town, number: int) -> None:
        self._mail = town.mail
        self.place = f"customer{number}@mail.example"

    async def write(self, text: str, files: Sequence[CustomerFile], author: str) -> None:
        got = self._mail.sent[self.place]
        mail = new_mail(self.place, author or "Anna", text, got[-1] if got else None)
        for file in files:
            kind, _, subtype = _media_type(file).partition("/")
            mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        await self._mail.deliver(mail)

    async def read(self) -> list[str]:
        bodies = (one.get_body(("plain", "html")) for one in self._mail.sent[self.place])
        return [_without_quotes(body.get_content()) if body is not None else "" for body in bodies]


PLACES: dict[str, Callable[[Town, int], Customers]] = {
    "web": WebVisitor,
    "telegram": TelegramPerson,
    "telegram-group": TelegramGroup,
    "sms": PhoneOwner,
    "whatsapp": WhatsAppOwner,
    "slack": SlackPerson,
    "slack-thread": SlackThread,
    "email": MailWriter,
}
"""Where a conversation can be played, and by whom."""


def _visible_text(message: dict[str, Any]) -> str:
    blocks = message.get("blocks") or []
    texts = [shown_in(block) for block in blocks if block["type"] in ("section", "rich_text", "context")]
    return "\n".join(text for text in texts if text) or str(message.get("text", ""))


def _without_quotes(text: str) -> str:
    """What a mail says itself."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(">")).strip()


def _media_type(file: CustomerFile) -> str:
    return mimetypes.guess_type(file.name)[0] or "text/plain"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
