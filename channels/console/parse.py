"""A typed line to the domain. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from core.domain.customer import Identity
from core.domain.errors import InvalidInput, TooLarge
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import CustomerAction, MessageReceived, RawEvent

CHANNEL = "console"
ACCOUNT = "default"
LINE_CHARS = 8_000
ASK_FOR_A_PERSON = "I would like to talk to a person."


_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters: an escape sequence out of a document must not reach a terminal."""


class Command(StrEnum):
    """What a line that starts with a slash asks of the console itself."""

    HUMAN = "/human"
    HELP = "/help"
    QUIT = "/quit"


@dataclass(frozen=True, slots=True)
class Line:
    """What was typed: a text to send, a command, or nothing."""

    text: str = ""
    command: Command | None = None


def harmless(text: str) -> str:
    """Text without characters that steer a terminal."""
    return _UNSHOWABLE.sub("", text.replace("\r\n", "\n"))


def read(body: bytes) -> Line:
    """One line without its end. Raises InvalidInput, TooLarge."""
    try:
        text = harmless(body.decode("utf-8")).strip()
    except UnicodeDecodeError:
        raise InvalidInput("That line is not UTF-8.") from None
    if len(text) > LINE_CHARS:
        raise TooLarge(f"That line has {len(text)} characters. At most {LINE_CHARS} are taken.")
    if not text.startswith("/") or text.startswith("//") or " " in text:
        return Line(text.removeprefix("/") if text.startswith("//") else text)
    try:
        return Line(command=Command(text.lower()))
    except ValueError:
        raise InvalidInput(f"Unknown command. Known are: {', '.join(Command)}. Start with // for a text.") from None


def raw_event(body: bytes, *, account: str, thread: str, at: datetime) -> RawEvent:
    """A line with what its event needs besides: who typed it, and an id of its own."""
    return RawEvent(CHANNEL, account, body, {"thread": thread, "event": uuid4().hex}, at)


def events(raw: RawEvent) -> list[MessageReceived]:
    """The message in a line; none for an empty line or a command of the console's own."""
    line = read(raw.body)
    if line.command not in (None, Command.HUMAN) or (line.command is None and not line.text):
        return []
    thread, event = _named(raw.headers, "thread"), _named(raw.headers, "event")
    if raw.received_at is None:
        raise InvalidInput("A line needs the time at which it was typed.")
    asks = line.command is Command.HUMAN
    return [
        MessageReceived(
            key=EventKey(CHANNEL, raw.account, f"{thread}/{event}"),
            conversation=ConversationKey(CHANNEL, raw.account, thread),
            sender=Identity(CHANNEL, raw.account, thread),
            text=ASK_FOR_A_PERSON if asks else line.text,
            sent_at=raw.received_at,
            action=CustomerAction.REQUEST_PERSON if asks else None,
        )
    ]


def _named(headers: Mapping[str, str], name: str) -> str:
    if not headers.get(name):
        raise InvalidInput(f"A line needs its {name}.")
    return headers[name]
