"""A tool call that waits until somebody of the staff approves or declines it in its case's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

APPROVALS: Final = "approvals"
"""In ``Message.meta`` of what shows staff the approvals of a case: all of them, as they stood then."""
BY_APPROVAL: Final = "approval"
"""Who requested a case that was opened for approvals alone."""
APPROVAL_SECONDS: Final = 7 * 86_400.0
"""How long one can be given."""
LONGEST_ARGUMENTS: Final = 1_500
"""Characters: staff have to read all of what they approve."""


class ApprovalState(StrEnum):
    """``WAITING`` for staff. ``DONE``, ``FAILED`` and ``UNKNOWN``: approved, and how the call ended. ``DECLINED`` by staff.

    ``OVER``: it came too late, or to the wrong customer by now, and nothing was done.
    """

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Approval:
    """``turn_id`` and ``call_id`` name the agent's call, and make the key under which it runs. ``arguments``: JSON, as it runs.

    ``action``: the call in words. ``said``: what the customer wrote. ``customer_id``: whom it serves. ``private``: nobody else
    reads the conversation. ``proven``: the customer's proven identities at that time, as channel and address. ``asked_at``: when
    the newest message was written that the agent's turn answered, and ``until``: when it expires, in seconds since 1970.
    """

    turn_id: str
    call_id: str
    tool: str
    arguments: str
    action: str
    said: str
    customer_id: str
    private: bool
    proven: tuple[tuple[str, str], ...] = ()
    asked_at: float = 0.0
    until: float = 0.0
    state: ApprovalState = ApprovalState.WAITING

    @property
    def id(self) -> str:
        """The same for the same call of the same turn."""
        return f"{self.turn_id}:{self.call_id}"

    def stored(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @staticmethod
    def from_stored(values: Mapping[str, Any]) -> Approval:
        """The inverse of ``stored``."""
        proven = tuple((str(channel), str(address)) for channel, address in values["proven"])
        return Approval(**{**values, "proven": proven, "state": ApprovalState(values["state"])})
