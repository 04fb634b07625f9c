"""What staff told a customer that the agent did not know, on its way into the knowledge base."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LearningState(StrEnum):
    """proposed: somebody of the staff has to look at it. approved: customers are answered with it. discarded: never.

    withdrawn: it was approved once, and nobody is answered with it any more.
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    DISCARDED = "discarded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LearnedAnswer:
    """A case has one at most. ``origin``: the ticket and the day, as sources name it; never the customer.

    ``proposed_at``: None for one that is not stored yet.
    """

    case_id: str
    question: str
    answer: str
    origin: str
    state: LearningState
    proposed_at: datetime | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Displaced:
    """A known question, and its right answer, which would not come first any more."""

    question: str
    right: str


@dataclass(frozen=True, slots=True)
class Compared:
    """``tried``: how many known questions have their right answer first now; of none nothing can be told. ``refused``: why the
    knowledge base would not take it in at all."""

    tried: int = 0
    displaced: tuple[Displaced, ...] = ()
    refused: str = ""
