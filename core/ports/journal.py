"""What a turn has done already, for whoever goes on with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.ports.outcomes import Claim


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One tool call of a turn. ``status`` started: its outcome is unknown if the process died then."""

    call_id: str
    step: int
    name: str
    arguments: str
    status: str
    result: str | None = None


class Journal(Protocol):
    """Tool calls of a turn, so that a resumed turn neither repeats an effect nor forgets a result."""

    async def entries(self, turn_id: str) -> Sequence[JournalEntry]: ...

    async def still_held(self, claim: Claim) -> None:
        """Raises LostClaim when another worker or a person has the conversation by now: then nothing more is asked or shown.

        Raises Superseded where the claim says what it answers, and the conversation has grown since.
        """

    async def record(self, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
        """Insert or update by ``call_id``, under the fence. Raises LostClaim: then the tool must not run."""
