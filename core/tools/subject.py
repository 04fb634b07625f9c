"""Whom a call to a company's server is about: set here from what is proven of the customer, never by the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.agent.tool_rules import Subject
from core.agent.tools import ToolContext
from core.domain.customer import Evidence, KnownIdentity
from core.domain.errors import ToolError

_CHANNELS: Mapping[Subject, str] = {
    "user_id": "web",
    "email": "email",
    "phone": "sms",
    "slack_id": "slack",
    "telegram_id": "telegram",
}
"""Whose ids each of them is: those of one channel."""
_PREFIXES = ("user:", "whatsapp:")
_ANONYMOUS = "anon:"
_NOT_PROVEN = (
    "Not run: it needs the customer's proven {}, and that is not known here. Tell them that they have to sign in, write from "
    "there, or link it first; offer a person."
)


async def bound_values(context: ToolContext, bind: Mapping[str, Sequence[Subject]]) -> Mapping[str, Any]:
    """The value of each bound argument: the customer's id of the first kind that is proven.

    Raises ToolError for the model where none is proven, or others read the answer.
    """
    if not bind:
        return {}
    found = await context.identities() if context.identities is not None and context.private else ()
    values = {}
    for argument, subjects in bind.items():
        known = next(filter(None, (_proven(found, one, context.customer.external_id) for one in subjects)), set())
        if len(known) != 1:  # with two of one kind, choosing would be guessing
            raise ToolError(_NOT_PROVEN.format(" or ".join(subjects).replace("_", " ")))
        values[argument] = known.pop()
    return values


def _proven(identities: Iterable[KnownIdentity], subject: Subject, own_address: str) -> set[str]:
    """The ids of one kind; that alone from which the customer writes, if it is of this kind."""
    proven = [
        one.address
        for one in identities
        if one.channel == _CHANNELS[subject]
        and one.evidence > Evidence.CLAIMED
        and not one.address.startswith(_ANONYMOUS)
    ]
    own = [address for address in proven if address == own_address]
    return set(map(_plain, own or proven))


def _plain(address: str) -> str:
    """As the company knows it: without what a channel puts before it."""
    return next((address.removeprefix(prefix) for prefix in _PREFIXES if address.startswith(prefix)), address)
