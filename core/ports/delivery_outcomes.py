"""What became of staff's messages at the customers', for whoever tells staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.ports.outcomes import NewMessage


class OutcomeStatus(StrEnum):
    """waiting: not sent yet. sent: the channel took it. partly: it did not reach all of its recipients. read: the customer has
    seen it. failed: it did not arrive, or was not sent any more.
    """

    WAITING = "waiting"
    SENT = "sent"
    PARTLY = "partly"
    READ = "read"
    FAILED = "failed"


class Arrived(StrEnum):
    """Of a message that failed, what the customer has. unknown: they may have it, and nobody can tell."""

    NOTHING = "nothing"
    PART = "part"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """``shown``: what staff were told before. ``wrote_at``: their own message, by its id on their platform.

    ``reason``: why it failed. ``taken_back``: staff deleted it themselves, so there is nothing to tell.
    ``follow_up``: it is one, by that channel to that address. ``by_agent``: the agent's, which staff were shown as said.
    ``withheld``: nobody tried to send it any more. ``twice``: they may have it twice.
    """

    case_id: str
    text: str
    wrote_at: str
    shown: OutcomeStatus
    status: OutcomeStatus
    reason: str | None = None
    taken_back: bool = False
    follow_up: tuple[str, str] | None = None
    by_agent: bool = False
    withheld: bool = False
    arrived: Arrived = Arrived.NOTHING
    twice: bool = False


Wording = Callable[[DeliveryOutcome], Sequence[NewMessage]]
"""What is said of a outcome in the case's feed. Pure: it is called inside the commit, and perhaps twice."""


class DeliveryOutcomes(Protocol):
    """Of messages that were passed on from staff to customers."""

    async def report_outcomes(self, account: str, wording: Wording, limit: int = 100) -> int:
        """Say in the feeds what has become of messages since it was last said, one commit for all. How many there were.

        ``account``: the desk's on its platform. Raises StoreUnavailable.
        """
