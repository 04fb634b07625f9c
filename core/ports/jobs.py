"""Jobs in the database: what is due is proposed by every process and done by one. How fresh the knowledge is by them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from core.domain.jobs import Job, JobState, PlannedJob, Push
from core.domain.knowledge import IndexProgress, SourceReport


class Jobs(Protocol):
    """Every method is one transaction, and raises StoreUnavailable."""

    async def plan_jobs(self, scope: str, planned: Sequence[PlannedJob], *, whole: bool = True) -> None:
        """The jobs of this index are these and no others. Without ``whole``: those of them that are missing come to the others.

        One whose schedule is as it was keeps its time, also when that has passed: what was missed is due once. It is a sign of
        life of this index, for a month: jobs of one that gives none are taken out.
        """

    async def jobs(self, scope: str | None = None) -> Sequence[Job]:
        """All, or those of one index. One whose lease has ended is INTERRUPTED."""

    async def replan_job(self, seen: Job, next_run_at: float) -> bool:
        """Another time for a job. False where somebody has begun it or given it another time meanwhile."""

    async def claim_job(
        self, seen: Job, holder: str, seconds: float, *, next_run_at: float | None, due: bool = True
    ) -> Job | None:
        """Begin, for so long at first. None where somebody else was faster, or nothing is due any more.

        The holder of a run that was not ended may begin anew at once: it is its own successor. ``due``: False begins in any case.
        """

    async def keep_job(self, seen: Job, seconds: float, progress: IndexProgress | None) -> bool:
        """A sign of life. False where somebody else has taken it up."""

    async def end_job(self, seen: Job, state: JobState, report: SourceReport | None = None, error: str = "") -> bool:
        """How it went. What ends INTERRUPTED is anybody's at once. False where somebody else has taken it up."""

    async def ask_jobs(self, ids: Sequence[str], delivery: str | None = None) -> int | None:
        """Have these done as soon as can be, in every index; once more after what is under way. How many there are.

        What fails is tried again until it is done, with pauses: see Job.due.

        None where this ``delivery`` has asked before.
        """


class Freshness(Protocol):
    """All raise StoreUnavailable. ``zone``: in which times are shown."""

    @property
    def zone(self) -> tzinfo: ...

    async def statuses(self) -> Sequence[Job]:
        """Each source, in each index that holds it."""

    async def ask(self, source: str | None = None, delivery: str | None = None) -> Sequence[str] | None:
        """Have this source read again, or all of them: which ones, as people may see them.

        None where this ``delivery`` has asked before. Raises NotFound for a source that is not configured, Overloaded where no
        worker has listed its sources yet.
        """

    async def pushed(self, push: Push, delivery: str | None = None) -> Sequence[str] | None:
        """Have the sources read again that a push concerns; maybe none. See ``ask``."""
