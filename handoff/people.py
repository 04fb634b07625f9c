"""Who the staff are."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from core.domain.messages import Message
from handoff.texts import say


class Membership(StrEnum):
    """guest: of another workspace, a guest of this one, an app or a workflow. unknown: it cannot be told at the moment."""

    STAFF = "staff"
    GUEST = "guest"
    UNKNOWN = "unknown"


class People(Protocol):
    """Names of staff members, as customers are to read them."""

    async def called(self, staff_id: str) -> str | None:
        """None while it is not known; never an error."""
        ...

    async def gone(self, staff_id: str) -> bool:
        """Whether that account was closed. False while it is not known; never an error."""
        ...


class Members(Protocol):
    """Who may work on cases."""

    async def membership(self, staff_id: str) -> Membership:
        """Whether they belong to the workspace; never an error."""
        ...


def sender_of(message: Message) -> str:
    """The id of the staff member who wrote or pressed it; empty where nobody did."""
    return str(message.meta.get("sender") or "")


async def name_of_sender(people: People, message: Message, locale: str) -> str:
    """As other staff read it."""
    return await people.called(sender_of(message)) or message.author_name or say("staff_somebody", locale)
