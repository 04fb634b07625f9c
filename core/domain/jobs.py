"""Work on one source of knowledge that is done again and again, and how it went the last time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.knowledge import IndexProgress, SourceReport


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
    ``report`` and ``error`` are of the run that ended last.
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
        return timely or self.asked_at is not None or self.state is JobState.INTERRUPTED
