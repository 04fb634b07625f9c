"""Tool calls that staff approve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.domain.approvals import Approval, ApprovalState
from core.domain.conversation import Conversation
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class ApprovedCall:
    """How a call ended. ``told``: what the tool, or who declined it, said. ``for_customer``: words that the customer may read.

    ``changed``: it did not run because it is no longer proven who the customer is.
    """

    state: ApprovalState
    told: str = ""
    for_customer: str = ""
    changed: bool = False


class ApprovedCalls(Protocol):
    """Every method raises StoreUnavailable."""

    async def has_begun(self, approval: Approval) -> bool:
        """Whether its call was begun, by a process that died before it could tell how it ended."""

    async def run(self, turn: TurnState, approval: Approval, home: Conversation) -> ApprovedCall | None:
        """Run its call, once however often this is done. None where its tool is not there now, and nothing was done.

        ``turn``: the staff's; ``home``: the customer's conversation. Raises LostClaim, and NotYet while the tool may still come.
        """
