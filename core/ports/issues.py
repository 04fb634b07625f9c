"""The issues that cases follow in the company's tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core.domain.issues import Issue
from core.domain.messages import Message
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class NoIssue:
    """Why none is followed. ``outcome``: ``failed``; ``unknown`` where there may be a new one, as nobody knows how the call
    ended; ``many`` where there is no room. ``written``: what was filled in.
    """

    outcome: Literal["failed", "unknown", "many"]
    written: str
    why: str = ""


class CaseIssues(Protocol):
    """Every method raises StoreUnavailable."""

    async def issues(self, case_id: str) -> Sequence[Issue]:
        """Those that a case follows, the oldest first."""

    async def create_or_link(self, turn: TurnState, order: Message, case_id: str, *, room: bool) -> Issue | NoIssue:
        """Create or find the issue of a form, and follow it: from now on the case is told what its tracker says of it.

        The same turn run again creates no other. ``room``: whether the case may follow one more. Raises LostClaim.
        """

    async def latest(self, news: Issue, case_id: str) -> Issue:
        """How the issue stands by all that was heard of it. The case is to be told that: from now on only what differs from it
        is passed on to the case.
        """

    async def last_owner(self, case_id: str) -> str | None:
        """The staff member who closed the case, or else had it last."""
