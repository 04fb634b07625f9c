"""Work on one source of knowledge that is done again and again, how it went the last time, and what asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.knowledge import IndexProgress, SourceReport

SKEW = 60.0
"""Seconds by which the clocks of two machines may differ. A time of the past that is stored as further ahead than this was
written while a clock was wrong: it says nothing, and nobody waits for it to come."""


_PAUSE = 60.0
_LONGEST_PAUSE = 86_400.0
"""Seconds until what somebody asked for is tried again when it failed: as many as it has waited, and between these."""


class JobState(StrEnum):
    """``NEW``: nothing was done yet. ``INTERRUPTED``: its process was ended or killed; whoever comes next takes it up."""

    NEW = "new"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """What is configured. ``source`` is shown to people, passwords left out; ``next_run_at`` by its schedule from now."""

    id: str
    source: str
    schedule: str
    next_run_at: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """Times are seconds since 1970. ``scope`` is the index that it is about, where processes have indexes of their own.

    ``run`` counts the runs, and is the fence: only the one that began last may write. ``state``, ``began_at``, ``seen_at`` (its
    last sign of life) and ``progress`` are of that one; ``cut_off_at``: when the one that it took up was seen last. ``ended_at``,
    ``report`` and ``error`` are of the run that ended last. ``asked_at``: somebody asked for what was not done since.
    """

    scope: str
    id: str
    source: str
    schedule: str
    next_run_at: float | None
    asked_at: float | None
    run: int
    state: JobState
    began_at: float | None = None
    seen_at: float | None = None
    cut_off_at: float | None = None
    ended_at: float | None = None
    progress: IndexProgress | None = None
    report: SourceReport | None = None
    error: str = ""

    def due(self, now: float) -> bool:
        """Whether somebody should begin: its time has come, somebody asked for it, or it was cut off."""
        if self.state is JobState.RUNNING:
            return False
        timely = self.next_run_at is not None and self.next_run_at <= now
        return timely or self._wanted(now) or self.state is JobState.INTERRUPTED

    def _wanted(self, now: float) -> bool:
        """Who asked will not ask again, such as a forge after a push: what failed is tried until it is done."""
        if self.asked_at is None or self.state is not JobState.FAILED or self.ended_at is None:
            return self.asked_at is not None
        if self.began_at is None or self.asked_at > self.began_at or self.ended_at > now + SKEW:
            return True
        return self.ended_at + min(max(self.ended_at - self.asked_at, _PAUSE), _LONGEST_PAUSE) <= now


@dataclass(frozen=True, slots=True)
class Push:
    """``addresses``: by which the repository can be reached; ``ref``: such as ``refs/heads/main``."""

    addresses: tuple[str, ...]
    ref: str
    default_branch: str | None = None
