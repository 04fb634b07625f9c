"""Who owns a conversation, as a state machine that storage, turn and desk all ask the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.approvals import Approval
from core.domain.contact_route import ContactRoute
from core.domain.errors import HubError
from core.domain.keys import ConversationKey
from core.domain.messages import Audience


class OwnershipState(StrEnum):
    """bot: the agent answers. queued: a person was asked for. staff: a named person owns it. resolved: closed."""

    BOT = "bot"
    QUEUED = "queued"
    STAFF = "staff"
    RESOLVED = "resolved"


class Sharing(StrEnum):
    """Whether others read what is written in a conversation.

    ``always``: everybody reads everything, the answers too. ``sometimes``: not so, as in a mail thread: an answer goes to one.
    """

    NEVER = "never"
    SOMETIMES = "sometimes"
    ALWAYS = "always"


class OwnershipEvent(StrEnum):
    """What can happen to the ownership of a conversation."""

    ESCALATE = "escalate"
    CLAIM = "claim"
    WITHDRAW = "withdraw"
    RELEASE = "release"
    HAND_BACK = "hand_back"
    RESOLVE = "resolve"
    REOPEN_FOR_BOT = "reopen_for_bot"


class IllegalTransition(HubError, code="illegal_transition"):
    """The event does not apply in this state; the conversation is as it was."""


_TRANSITIONS: dict[tuple[OwnershipState, OwnershipEvent], OwnershipState] = {
    (OwnershipState.BOT, OwnershipEvent.ESCALATE): OwnershipState.QUEUED,
    (OwnershipState.BOT, OwnershipEvent.CLAIM): OwnershipState.STAFF,
    (OwnershipState.BOT, OwnershipEvent.RESOLVE): OwnershipState.RESOLVED,
    (OwnershipState.QUEUED, OwnershipEvent.CLAIM): OwnershipState.STAFF,
    (OwnershipState.QUEUED, OwnershipEvent.HAND_BACK): OwnershipState.BOT,
    (OwnershipState.QUEUED, OwnershipEvent.WITHDRAW): OwnershipState.BOT,
    (OwnershipState.QUEUED, OwnershipEvent.RESOLVE): OwnershipState.RESOLVED,
    (OwnershipState.STAFF, OwnershipEvent.RELEASE): OwnershipState.QUEUED,
    (OwnershipState.STAFF, OwnershipEvent.CLAIM): OwnershipState.STAFF,
    (OwnershipState.STAFF, OwnershipEvent.HAND_BACK): OwnershipState.BOT,
    (OwnershipState.STAFF, OwnershipEvent.RESOLVE): OwnershipState.RESOLVED,
    # A wish that was written while somebody was resolving: it was pending then, so its arrival reopened nothing.
    (OwnershipState.RESOLVED, OwnershipEvent.ESCALATE): OwnershipState.QUEUED,
    (OwnershipState.RESOLVED, OwnershipEvent.REOPEN_FOR_BOT): OwnershipState.BOT,
}


def next_state(state: OwnershipState, event: OwnershipEvent) -> OwnershipState:
    """Where ``event`` leads from ``state``. Raises IllegalTransition, which leaves everything as it was."""
    try:
        return _TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"A conversation that is {state} cannot {event.replace('_', ' ')}.") from None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation's row as read in one transaction.

    ``epoch`` fences turns: it rises with every claim by a worker and every transition. ``ownership_epoch`` rises only with
    transitions; agent messages carry it and are sent only while it still holds. ``route``: by which the customer wrote last,
    where that is not their own channel; what is said goes there too. ``customer_id``: who wrote first; others may write in it.
    ``reopen_until``: until when its last case goes on where a person is needed; None where no person resolved it.
    ``summary``: of older messages; in a turn only where the customer who began it is answered, and nobody else.
    """

    id: str
    key: ConversationKey
    customer_id: str
    state: OwnershipState
    owner: str | None
    epoch: int
    ownership_epoch: int
    last_seq: int
    done_seq: int
    attempts: int
    created_at: datetime
    locale: str | None = None
    escalation_reason: str | None = None
    audience: Audience = Audience.CUSTOMER
    ended_at: datetime | None = None
    route: ContactRoute | None = None
    shared: Sharing = Sharing.NEVER
    reopen_until: datetime | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """Why a person is needed. ``reason`` is for staff; it is never shown to the customer.

    ``causes``: what the hub itself found, by name, each with what stands in its sentence, so that staff can read it in their
    language. Without them the reason is somebody's own words. ``approvals``: tool calls that they have to decide about.
    """

    reason: str
    requested_by: str = "agent"
    urgency: str = "normal"
    causes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
