"""Where a conversation goes when a person is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.domain.customer import ContactDetails
from core.ports.store import NewMessage, TurnState


@dataclass(frozen=True, slots=True)
class DeskReply:
    """What the desk says to the customer at once (notices only) and the contact details that it understood."""

    messages: tuple[NewMessage, ...] = ()
    contact: ContactDetails | None = None


class Desk(Protocol):
    """Takes customer messages of conversations that are queued or owned by staff."""

    async def relay(self, turn: TurnState) -> DeskReply:
        """The pending messages, in order. Called again after a crash, so it must be idempotent by message id."""
        ...

    def contact(self, turn: TurnState) -> ContactDetails | None:
        """Contact details in the pending messages, to be committed with a transition: its notice relies on them."""
        ...

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        """What the customer reads when the transition to a person is committed, true at that moment."""
        ...

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        """What the customer reads when they have taken back their wish before anybody claimed the conversation."""
        ...
