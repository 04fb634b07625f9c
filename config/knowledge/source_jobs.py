"""The jobs of this process's sources: claimed for as long as it works on them, with signs of life, and how it went."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING

import structlog

from core.domain.errors import HubError, StoreUnavailable
from core.domain.jobs import SKEW, Job, JobState, PlannedJob
from core.domain.knowledge import IndexProgress, IndexReport, SourceReport
from core.end_tasks import end_tasks
from core.ports.clock import Clock
from knowledge.schedule import Schedule
from knowledge.sources import SourceOptions, identity_of
from knowledge.sources.refresh import Refreshed
from knowledge.sources.secrets import without_secret

if TYPE_CHECKING:
    from core.storage.jobs import SqlJobs  # doctor loads no database library

log = structlog.get_logger(__name__)

_LEASE = 30.0
"""Seconds: so much later another process takes up what a killed one was doing."""
_DAY = 86_400.0
"""Seconds after which a hub that goes on says that its index is in use (see SqlJobs.plan_jobs)."""
_BEAT = 2.0
"""Seconds between two looks at how far it is."""


@dataclass(frozen=True, slots=True)
class ScheduledSource:
    """A source that is configured, and when it is read again."""

    options: SourceOptions
    root: str
    schedule: Schedule | None = None

    @property
    def id(self) -> str:
        """The name of its job, which says no password."""
        return identity_of(self.root)

    @property
    def shown(self) -> str:
        """Its address as people may see it."""
        return without_secret(self.root)


class Running:
    """What is under way about some sources: told by whoever does it, written down every few seconds."""

    def __init__(self, jobs: Sequence[Job] = ()) -> None:
        self.jobs = list(jobs)
        self.progress: IndexProgress | None = None
        self._reports: dict[str, SourceReport] = {}
        self._failures: dict[str, str] = {}

    def tell(self, progress: IndexProgress) -> None:
        """How far it is."""
        self.progress = replace(progress, together=len(self.jobs) > 1)

    def fetched(self, found: Iterable[Refreshed]) -> None:
        """What could not be fetched has failed, whatever is in the index of it."""
        self._failures |= {identity_of(one.root): one.failure for one in found if one.failure is not None}

    def indexed(self, report: IndexReport) -> None:
        """What a run did; a second one, after something was fetched, adds to the first."""
        for one in report.sources:
            before = self._reports.get(one.id, SourceReport(one.id))
            unchanged = max(0, one.unchanged - before.indexed)
            counts = (one.indexed + before.indexed, unchanged, one.removed + before.removed)
            self._reports[one.id] = SourceReport(one.id, *counts, one.failures)

    def outcome(self, job: Job) -> tuple[JobState, SourceReport, str]:
        """A source that could not be read at all, or not as it should, has failed; one of which documents could not has not."""
        report = self._reports.get(job.id, SourceReport(job.id))
        whole = next((reason for place, reason in report.failures if place == job.source), "")
        error = self._failures.get(job.id) or whole
        return (JobState.FAILED if error else JobState.DONE), report, error


class SourceJobs:
    """``scope``: the index; ``holder``: this process, by a name that its successor has as well where it owns DATA_DIR.

    ``plans``: what is configured here decides what there is, as in a hub. A command may know less than the hub beside it: it only
    adds what is missing.
    """

    def __init__(
        self,
        jobs: SqlJobs,
        sources: Sequence[ScheduledSource],
        clock: Clock,
        zone: tzinfo,
        *,
        scope: str,
        holder: str,
        plans: bool = True,
        lease: float = _LEASE,
        beat: float = _BEAT,
    ) -> None:
        self.sources = {source.id: source for source in sources}
        self._jobs = jobs
        self._clock = clock
        self._zone = zone
        self._scope = scope
        self._holder = holder
        self._plans = plans
        self._lease = lease
        self._beat = beat
        self._here: set[str] = set()
        self._planned_at: float | None = None

    async def _all(self) -> Sequence[Job]:
        """From the first look on there are jobs of these sources. One that somebody else has taken out comes back.

        A hub with other settings does that, and it would never be due again.
        """
        now, before = self._clock.monotonic(), self._planned_at
        if self._plans and (before is None or now - before >= _DAY):
            planned = [self._plan(source) for source in self.sources.values()]
            await self._jobs.plan_jobs(self._scope, planned, whole=before is None)
            self._planned_at = now
        found = await self._jobs.jobs(self._scope)
        missing = self.sources.keys() - {job.id for job in found}
        if missing:
            planned = [self._plan(source) for source in self.sources.values() if source.id in missing]
            await self._jobs.plan_jobs(self._scope, planned, whole=False)
        ahead = [(job, at) for job in found if (at := self._right_time(job)) is not None]
        for job, at in ahead:
            await self._jobs.replan_job(job, at)
        return await self._jobs.jobs(self._scope) if missing or ahead else found

    def _right_time(self, job: Job) -> float | None:
        """For one whose time was written by a clock that was ahead: for years it would not be due. None for all others."""
        source = self.sources.get(job.id)
        schedule = source.schedule if source is not None and self._line(source) == job.schedule else None
        if schedule is None or job.next_run_at is None or job.next_run_at <= self._soonest(schedule, SKEW):
            return None
        return self._soonest(schedule)

    def _plan(self, source: ScheduledSource) -> PlannedJob:
        return PlannedJob(source.id, source.shown, self._line(source), self._next(source))

    def _line(self, source: ScheduledSource) -> str:
        return f"{source.schedule.text} {self._zone}" if source.schedule is not None else ""

    def _next(self, source: ScheduledSource) -> float | None:
        return self._soonest(source.schedule) if source.schedule is not None else None

    def _soonest(self, schedule: Schedule, after: float = 0.0) -> float:
        return schedule.next(self._clock.now() + timedelta(seconds=after), self._zone).timestamp()

    def _then(self, job: Job) -> float | None:
        """Its time stays; one that has passed is made good by what is done now."""
        missed = job.next_run_at is not None and job.next_run_at <= self._clock.now().timestamp()
        return self._next(self.sources[job.id]) if missed else job.next_run_at

    async def due(self) -> list[Job]:
        """What somebody should begin, the longest overdue first. Raises StoreUnavailable."""
        now = self._clock.now().timestamp()
        found = [job for job in await self._all() if job.id in self.sources and job.id not in self._here]
        return sorted((job for job in found if job.due(now)), key=lambda job: job.next_run_at or 0.0)

    async def claim(self, job: Job) -> Job | None:
        """For this process alone; None where another one was faster. Raises StoreUnavailable."""
        again = self._next(self.sources[job.id])
        return await self._jobs.claim_job(job, self._holder, self._lease, next_run_at=again)

    @asynccontextmanager
    async def over(self, roots: Iterable[str]) -> AsyncIterator[Running]:
        """A run that somebody began over these sources, due or not. Their jobs show it, unless they are under way elsewhere."""
        wanted = {identity_of(root) for root in roots}
        claimed: list[Job] = []
        try:
            for job in await self._all() if wanted & self.sources.keys() else ():
                if job.id in wanted - self._here and job.id in self.sources:
                    found = await self._jobs.claim_job(
                        job, self._holder, self._lease, next_run_at=self._then(job), due=False
                    )
                    claimed += [found] if found is not None else []
        except StoreUnavailable as error:  # documents can be read, though nobody is told
            log.warning("jobs.not_shown", error=error.detail)
        async with self.doing(claimed) as running:
            yield running

    @asynccontextmanager
    async def doing(self, claimed: Sequence[Job]) -> AsyncIterator[Running]:
        """What was claimed is under way inside this block. An error ends it as failed, being cancelled as interrupted."""
        running, ids = Running(claimed), {job.id for job in claimed}
        self._here |= ids
        beat = asyncio.create_task(self._keep(running), name="jobs under way")
        failed: BaseException | None = None
        try:
            yield running
        except BaseException as error:
            failed = error
            raise
        finally:
            try:
                await end_tasks(beat)
            except BaseException as error:  # cancelled at the last moment, which must not be swallowed
                failed = error
                raise
            finally:
                await self._end(running, failed)
                self._here -= ids

    async def _end(self, running: Running, failed: BaseException | None) -> None:
        for job in running.jobs:
            state, report, error = running.outcome(job)
            if isinstance(failed, Exception):
                state = JobState.FAILED
                error = failed.detail if isinstance(failed, HubError) else f"{type(failed).__name__}: {failed}"
            elif failed is not None:
                state = JobState.INTERRUPTED
            try:
                await self._jobs.keep_job(job, self._lease, running.progress)
                await self._jobs.end_job(job, state, report, error)
            except StoreUnavailable as away:  # its lease ends, and it is done once more
                log.warning("jobs.not_ended", source=job.source, error=away.detail)

    async def _keep(self, running: Running) -> None:
        told: IndexProgress | None = None
        kept = self._clock.monotonic()
        while True:
            await asyncio.sleep(self._beat)
            now, progress = self._clock.monotonic(), running.progress
            if progress == told and now - kept < self._lease / 3:
                continue
            told, kept = progress, now
            for job in list(running.jobs):
                with contextlib.suppress(StoreUnavailable):
                    if not await self._jobs.keep_job(job, self._lease, progress):
                        log.warning("jobs.taken_up_elsewhere", source=job.source)
                        running.jobs.remove(job)
