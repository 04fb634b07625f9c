"""Keys that identify a conversation or a provider event across processes, and their one written form."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from core.domain.errors import InvalidInput

_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch  # what quote leaves alone: nearly every id, and five times as fast


@lru_cache(1024)  # a message's keys are written a dozen times on its way
def _join(*parts: str) -> str:
    return ":".join(part if _plain(part) else quote(part, safe="", errors="surrogatepass") for part in parts)


def _split(text: str, count: int) -> list[str]:
    parts = text.split(":")
    if len(parts) != count:
        raise InvalidInput(f"A key has {count} parts separated by ':', this one has {len(parts)}.")
    try:
        return [unquote(part, errors="surrogatepass") for part in parts]
    except UnicodeDecodeError as error:
        raise InvalidInput("A key holds an escape that is not UTF-8.") from error


@dataclass(frozen=True, slots=True, order=True)
class ConversationKey:
    """Where a conversation lives: the channel, the account on it (bot, number, mailbox), and the thread there.

    ``str()`` percent-encodes each part, so that any provider id survives; ``parse`` is its inverse.
    """

    channel: str
    account: str
    thread: str

    def __str__(self) -> str:
        return _join(self.channel, self.account, self.thread)

    @classmethod
    def parse(cls, text: str) -> ConversationKey:
        """Read what ``str()`` wrote. Raises InvalidInput."""
        return cls(*_split(text, 3))

    @property
    def conversation_id(self) -> str:
        """The row's id, derived from the key so that accepting a message needs no look-up (32 hex digits)."""
        return hashlib.blake2b(str(self).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class EventKey:
    """A provider's own id of an event. The same key twice is the same event, however often it is delivered."""

    channel: str
    account: str
    provider_event_id: str

    def __str__(self) -> str:
        return _join(self.channel, self.account, self.provider_event_id)

    @classmethod
    def parse(cls, text: str) -> EventKey:
        """Read what ``str()`` wrote. Raises InvalidInput."""
        return cls(*_split(text, 3))
