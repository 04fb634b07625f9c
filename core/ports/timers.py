"""Timers of the desk's cases. They are set and cleared with the turns that cause it (core.ports.outcomes)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.timers import Timer
from core.ports.outcomes import CaseRecord, CrossConversationWrite, Finished, SetTimer


@dataclass(frozen=True, slots=True)
class DueTimer:
    """One that this process may work on until its lease ends; ``token`` is the fence that the commit checks."""

    timer: Timer
    token: str


@dataclass(frozen=True, slots=True)
class TimerDecision:
    """What to say and change because a timer came due, and which timers to set next. It ends, unless ``cases`` sets it again.

    ``cross_writes`` are checked as a turn's are: when the conversation changed hands meanwhile, nothing of it is written.
    """

    cross_writes: tuple[CrossConversationWrite, ...] = ()
    cases: tuple[CaseRecord, ...] = ()


DecideTimer = Callable[[Timer], Awaitable[TimerDecision]]
"""Decides what a due timer leads to, and writes nothing. Raises StoreUnavailable, ChannelError."""


class Timers(Protocol):
    """Every method is one transaction, and raises StoreUnavailable."""

    async def due_timers(self, limit: int, lease: float) -> Sequence[DueTimer]:
        """Those whose time has come, the longest overdue first, for one process alone.

        One that is not finished comes due again after ``lease`` seconds, and later each time that this happens.
        """

    async def finish_timer(self, due: DueTimer, decision: TimerDecision) -> Finished:
        """One commit. Not ``held`` where the timer was set anew, cleared, or taken by another process: nothing was written.

        ``outdated``: a conversation had changed hands; nothing was written, and it is due again at once.
        """

    async def set_timer(self, record: SetTimer) -> None:
        """Outside a turn: what is to be done that no case causes."""

    async def timers(self, case_id: str) -> Sequence[Timer]:
        """All of a case."""
