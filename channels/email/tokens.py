"""Ids that prove themselves: a thread's reply token travels, signed, in the Message-ID of every mail of ours.

A reply names that id in In-Reply-To and References, so it is found even if no memory is left of it. Whoever quotes a token
does not join by it: see `threads`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode
from email.message import Message
from itertools import islice
from typing import Final

from channels.email.charset import raw_headers, words

_ID: Final = re.compile(r"<[^<>\s]+>")
_OURS: Final = re.compile(r"<(?P<thread>[a-z2-7]{16})\.(?P<key>[a-z2-7]{16})\.(?P<proof>[a-z2-7]{16})@[^@>]+>")
MOST_ANSWERED: Final = 60
LONGEST_ID: Final = 998
"""Characters of a line (RFC 5322, section 2.1.1)."""


class Tokens:
    """``keys``: the first signs, all are believed. ``account`` is signed too: ids of another mailbox prove nothing here."""

    def __init__(self, keys: tuple[str, ...], account: str) -> None:
        self._keys = keys
        self._account = account
        self._domain = account.rpartition("@")[2]

    def new_thread(self, event_id: str) -> str:
        """The thread that a mail begins: the same one, however often that mail is read."""
        return self._sign(self._keys[0], "thread", event_id)

    def message_id(self, thread: str, idempotency_key: str) -> str:
        """The same for the same key: what is sent twice is one mail to those who compare ids."""
        key = b32encode(hashlib.blake2b(idempotency_key.encode(), digest_size=10).digest()).decode().lower()
        return f"<{thread}.{key}.{self._sign(self._keys[0], thread, key)}@{self._domain}>"

    def thread_of(self, message_id: str) -> str | None:
        """The thread of a mail of ours; None for any other id, and for one that somebody made up."""
        match = _OURS.fullmatch(message_id)
        if match is None:
            return None
        proofs = [self._sign(key, match["thread"], match["key"]) for key in self._keys]
        genuine = [hmac.compare_digest(match["proof"], proof) for proof in proofs]
        return match["thread"] if any(genuine) else None

    def _sign(self, key: str, *parts: str) -> str:
        text = "\0".join((self._account, *parts)).encode()
        digest = hmac.digest(key.encode(), text, hashlib.sha256)[
            :10
        ]  # 16 letters: longer ids get folded apart on their way
        return b32encode(digest).decode().lower()


def like_ours(text: str) -> list[str]:
    """All ids in a text that look like ours; `Tokens.thread_of` tells which are."""
    return [match[0] for match in _OURS.finditer(text)]


def event_id(message_id: str) -> str:
    """A mail's id in the hub's own keys: the same for mails that come in, receipts and reports."""
    return f"m/{hashlib.blake2b(message_id.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def own_id(message_id: str | None, author: str, body: bytes) -> str:
    """The event id of a mail: of its Message-ID and its author, or of all its bytes where it has no id.

    Ids are known to all who got a mail, and some programs give the same one twice. Neither may swallow somebody else's mail.
    """
    if message_id:
        return event_id(f"{message_id} {author}")
    return f"m/{hashlib.blake2b(body, digest_size=16).hexdigest()}"


def message_id_of(message: Message) -> str | None:
    """The Message-ID with its brackets."""
    found = _ID.search(" ".join(raw_headers(message, "Message-ID")[:1]))
    return found[0] if found and len(found[0]) <= LONGEST_ID else None


def referred_ids(message: Message) -> list[str]:
    """What the mail answers, the nearest first (RFC 5322, section 3.6.4)."""
    nearest = [one for value in raw_headers(message, "In-Reply-To") for one in _ID.findall(words(value))]
    chain = [one for value in raw_headers(message, "References") for one in _ID.findall(words(value))]
    found = (one for one in dict.fromkeys([*nearest, *reversed(chain)]) if len(one) <= LONGEST_ID)
    return list(islice(found, MOST_ANSWERED))
