"""A case: one time that a conversation needed a person, from the escalation until it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.keys import ConversationKey
from core.domain.messages import StaffAction

DESK = "desk"
"""The channel whose conversations are what staff are shown of cases."""
BY_STAFF = "staff"
"""Who requested a case that staff opened themselves."""
OWNED_SINCE = "owned_since"
"""In ``Message.meta`` of what shows staff that somebody has a case: from when on what they write is for the customer, in seconds
by the clock of the platform on which they write."""
DECIDED_ELSEWHERE = frozenset(
    {
        *(StaffAction.ASK, StaffAction.LEARN, StaffAction.REWORD, StaffAction.DISCARD),
        *(StaffAction.ISSUE, StaffAction.ISSUE_NEWS, StaffAction.APPROVE, StaffAction.DECLINE),
    }
)
"""Staff actions that change neither the owner nor what the customer sees."""


@dataclass(frozen=True, slots=True)
class Case:
    """``number`` counts a conversation's cases from 1; ``requested_by`` and ``urgency`` are those of the escalation."""

    id: str
    conversation_id: str
    number: int
    reason: str
    requested_by: str
    urgency: str
    opened_at: datetime
    closed_at: datetime | None = None

    @property
    def opened_by_staff(self) -> bool:
        """Its customer asked for nobody, and was told of nobody."""
        return self.requested_by == BY_STAFF

    @staticmethod
    def named(conversation_id: str, number: int) -> str:
        """The id of a conversation's case of that number: known before it is stored, the same after a crash."""
        return f"{conversation_id}.{number}"

    @staticmethod
    def home(case_id: str) -> str:
        """The id of the conversation that a case of that id is about."""
        return case_id.rpartition(".")[0]


def feed(account: str, case_id: str) -> ConversationKey:
    """The conversation in which staff are told of a case, in order. ``account``: the desk's on its platform."""
    return ConversationKey(DESK, account, case_id)


def side_thread(what: str, case_id: str) -> str:
    """The key of the thread about a case's issues (``what``: ISSUES) or its approvals (APPROVALS)."""
    return f"{what}/{case_id}"


def case_of_side_thread(what: str, thread: str) -> str | None:
    """The case that such a thread is about; None for every other thread."""
    return thread.removeprefix(f"{what}/") if thread.startswith(f"{what}/") else None
