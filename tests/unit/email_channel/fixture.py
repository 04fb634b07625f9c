"""Mails that stand in tests/fixtures/email, as the channel reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.email.parse import Reader
from channels.email.settings import EmailSettings
from channels.email.tokens import Tokens
from core.domain.messages import InboundEvent, MessageReceived, RawEvent

FOLDER = Path(__file__).parents[2] / "fixtures" / "email"
SETTINGS = EmailSettings("support@example.com", "imap://u:p@h", "smtp://h", ("k" * 32,), authserv_id="mx.example.com")
TOKENS = Tokens(SETTINGS.secret_keys, SETTINGS.account)
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENVELOPE = {"folder": "INBOX", "validity": "7", "uid": "12", "thread": "abcdefghijklmnop", "joined": "0"}


def fixture(name: str, **values: str) -> bytes:
    """A mail's bytes, with what stands in braces filled in."""
    data = (FOLDER / f"{name}.eml").read_bytes()
    for key, value in values.items():
        data = data.replace(f"{{{key}}}".encode(), value.encode())
    return data


def raw_of(body: bytes, **envelope: str) -> RawEvent:
    """As the mailbox delivers it."""
    return RawEvent("email", SETTINGS.account, body, {**ENVELOPE, **envelope}, AT)


def events(body: bytes, settings: EmailSettings = SETTINGS, **envelope: str) -> list[InboundEvent]:
    """What the hub gets of it."""
    return list(Reader(settings, TOKENS).read(raw_of(body, **envelope)))


def received(body: bytes, **envelope: str) -> MessageReceived:
    """The one message that it holds."""
    (event,) = events(body, **envelope)
    assert isinstance(event, MessageReceived)
    return event


def mail(text: str = "Hello", **headers: str) -> bytes:
    """A small mail; underscores in names stand for hyphens."""
    given = {"From": "Ann <ann@customer.example>", "Message_ID": "<1@customer.example>"} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items() if value)
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()


def with_settings(**changes: Any) -> EmailSettings:
    """The same mailbox, set differently."""
    return replace(SETTINGS, **changes)
