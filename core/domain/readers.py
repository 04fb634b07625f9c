"""Who reads a message, and whom an answer to it goes to, on channels whose messages name their readers, as mails do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

READERS = "readers"
"""In ``Message.meta`` of what came in: its writer and whoever else got it, each as the fields of `MessageReader`."""
RECIPIENTS = "recipients"
"""In ``Message.meta`` of what is said: whom it goes to, with ``address`` and ``name``; the first is answered, the others get
copies.
"""
MOST_RECIPIENTS = 20


class NamedIn(StrEnum):
    """Which field of a mail names a reader."""

    FROM = "from"
    REPLY_TO = "reply_to"
    TO = "to"
    CC = "cc"


@dataclass(frozen=True, slots=True)
class MessageReader:
    """``answered``: whether an answer to the message goes to them, unless staff choose otherwise."""

    address: str
    name: str | None
    named_in: NamedIn
    answered: bool = True


Recipient = Mapping[str, Any]
"""``address`` and ``name``."""


def recipients_of(meta: Mapping[str, Any]) -> list[Recipient]:
    """Whom an answer to the message goes to; nobody where the message does not name its readers."""
    return [_recipient(one) for one in meta.get(READERS, ()) if one["answered"]][:MOST_RECIPIENTS]


def common_recipients(metas: Sequence[Mapping[str, Any]]) -> list[Recipient]:
    """Whom one answer to several messages goes to: the last one's writer, and of the others who got all of them."""
    last = recipients_of(metas[-1])
    got_all = (one for one in last[1:] if all(one["address"] in addresses(meta, READERS) for meta in metas))
    return [*last[:1], *got_all]


def people_in(metas: Sequence[Mapping[str, Any]]) -> dict[str, Recipient]:
    """Everybody who wrote or got one of the messages, by address."""
    return {one["address"]: _recipient(one) for meta in metas for one in meta.get(READERS, ())}


def addresses(meta: Mapping[str, Any], key: str) -> frozenset[str]:
    """The addresses of ``READERS`` or ``RECIPIENTS``; none where nothing is known."""
    return frozenset(one["address"] for one in meta.get(key, ()))


def _recipient(reader: Mapping[str, Any]) -> Recipient:
    return {"address": reader["address"], "name": reader["name"]}
