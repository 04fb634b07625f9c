"""Where a customer writes and from which address, as staff call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.conversation import Sharing
from core.domain.customer import Customer
from core.domain.keys import ConversationKey
from core.domain.messages import CAME_BY, REACTED_BY, Author, Change, ChangeKind, Message
from core.domain.readers import READERS, recipients_of
from core.ports.store import TurnState
from handoff.texts import say

_WHATSAPP = "whatsapp:"
_NAMES = {"web": "Web", "sms": "SMS", "whatsapp": "WhatsApp", "slack": "Slack", "telegram": "Telegram"}


PLACES = (*_NAMES, "email", "console")
"""Where customers may write, as ``place_of`` names it."""


def place_of(key: ConversationKey) -> str:
    """The channel; WhatsApp, which Twilio brings through the channel of text messages, by its own name."""
    return "whatsapp" if key.channel == "sms" and _WHATSAPP in key.thread else key.channel


def place_name(place: str, language: str) -> str:
    """A place as people read it."""
    return say(f"card_{place}", language) if place in ("email", "console") else _NAMES.get(place, place)


def address_of(channel: str, external_id: str) -> str | None:
    """The mail address or telephone number that somebody writes from; None where their id tells people nothing."""
    return external_id.removeprefix(_WHATSAPP) if channel in ("email", "sms") and external_id else None


def name_of(customer: Customer, address: str | None) -> str | None:
    """What staff are told: the address where a code has proven no more than that, since anybody could write in its name."""
    return address if address and customer.is_proven and not customer.verified else customer.display_name


def is_renamed(turn: TurnState) -> bool:
    """Whether the customer's name is another one, or known for the first time, since their last message before this turn."""
    spoken = (one for one in reversed(turn.history) if one.author is Author.CUSTOMER and CAME_BY not in one.meta)
    last = next((one for one in spoken if turn.author_of(one) == turn.customer.id), None)
    return bool(turn.customer.display_name) and last is not None and last.author_name != turn.customer.display_name


def with_names(turn: TurnState) -> TurnState:
    """Each message under its writer's name, or under their address where nobody knows one: never under another's name."""

    def named(message: Message) -> Message:
        if message.author is not Author.CUSTOMER or message.author_name:
            return message
        writer = turn.author_of(message)
        address = address_of(turn.conversation.key.channel, turn.addresses.get(writer, ""))
        known = name_of(turn.customer, address) if writer == turn.customer.id else None
        return replace(message, author_name=known or address)

    return replace(
        turn,
        pending=tuple(map(named, turn.pending)),
        history=tuple(map(named, turn.history)),
        changes=tuple(replace(one, message=named(one.message), detail=_reacted(one, turn)) for one in turn.changes),
    )


def _reacted(change: Change, turn: TurnState) -> dict[str, Any]:
    """Where one customer alone writes, it was that one."""
    nameless = change.kind is ChangeKind.REACTED and not change.detail.get(REACTED_BY)
    alone = turn.customer.display_name if nameless and turn.conversation.shared is Sharing.NEVER else None
    return {**change.detail, **({REACTED_BY: alone} if alone else {})}


_DECEIVES = frozenset("<>@,;")


def reply_goes_to(readers: Sequence[Mapping[str, Any]], language: str) -> str:
    """A line for below a message with these readers; empty where it has none besides its author."""
    if not readers:
        return ""
    answered = recipients_of({READERS: readers})
    left_out = [one for one in readers if one["address"] not in {other["address"] for other in answered}]
    lines = [say("card_reply_goes_to", language, people=_listed(answered))]
    lines += [say("card_reply_not_to", language, people=_listed(left_out))] if left_out else []
    return "; ".join(lines)


def _listed(people: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(_named_address(one["address"], one["name"]) for one in people)


def _named_address(address: str, name: str | None) -> str:
    """Without a name that could be read as another address."""
    return f"{name} <{address}>" if name and not _DECEIVES.intersection(name) else address
