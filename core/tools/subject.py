"""Whom a call to a company's server is about: set here from what is proven of the customer, never by the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.agent.tool_rules import Subject
from core.agent.tools import ToolContext
from core.domain.customer import Evidence
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


async def bound_values(context: ToolContext, bind: Mapping[str, Subject]) -> Mapping[str, Any]:
    """The value of each bound argument. Raises ToolError for the model where one is not proven, or others read the answer."""
    if not bind:
        return {}
    found = await context.identities() if context.identities is not None and context.private else ()
    values = {}
    for argument, subject in bind.items():
        proven = [
            one.address
            for one in found
            if one.channel == _CHANNELS[subject]
            and one.evidence > Evidence.CLAIMED
            and not one.address.startswith(_ANONYMOUS)
        ]
        own = [address for address in proven if address == context.customer.external_id]
        distinct = set(map(_plain, own or proven))
        if len(distinct) != 1:  # with two of one kind, choosing would be guessing
            raise ToolError(_NOT_PROVEN.format(subject.replace("_", " ")))
        values[argument] = distinct.pop()
    return values


def _plain(address: str) -> str:
    """As the company knows it: without what a channel puts before it."""
    return next((address.removeprefix(prefix) for prefix in _PREFIXES if address.startswith(prefix)), address)
