"""Has sources read again when their time has come, or when somebody asks for it.

Every worker proposes; the row of a job elects (ADR 11). What was missed while nothing ran is done once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Protocol

import structlog

from config.knowledge.source_jobs import Running, SourceJobs
from core.domain.errors import HubError, StoreUnavailable
from core.domain.jobs import Job
from core.end_tasks import end_tasks

log = structlog.get_logger(__name__)

_POLL = 2.0
"""Seconds until what another process was asked for is seen here."""


class Reindexes(Protocol):
    """What is done about one source."""

    async def first_pass(self) -> None:
        """Returns when what lies on this machine was read for the first time, or that has to wait."""
        ...

    async def refresh(self, root: str, running: Running) -> None:
        """Fetch it where it is elsewhere, and bring it in line. Raises HubError."""
        ...


class Scheduler:
    """A loop of a worker. Several sources may be under way: a long crawl keeps no folder waiting."""

    def __init__(self, jobs: SourceJobs, indexing: Reindexes, *, poll: float = _POLL) -> None:
        self._jobs = jobs
        self._indexing = indexing
        self._poll = poll
        self._task: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._nudged = asyncio.Event()

    def start(self) -> None:
        """Returns at once. Begins when what lies on this machine was read: what the start fetches may take hours."""
        self._task = asyncio.create_task(self._loop(), name="scheduler")

    async def stop(self) -> None:
        """What is under way is cut off, said to be, and taken up by whoever comes next."""
        task, self._task = self._task, None
        await end_tasks(task, *self._under_way)

    def nudge(self) -> None:
        """Somebody has asked for something."""
        self._nudged.set()

    async def once(self) -> int:
        """Begin what is due. How many runs that were. Raises StoreUnavailable."""
        begun = 0
        for job in await self._jobs.due():
            claimed = await self._jobs.claim(job)
            if claimed is not None:
                begun += 1
                self._begin(self._run(claimed))
                await asyncio.sleep(0)  # it has begun, so that being cancelled is told
        return begun

    async def idle(self) -> None:
        """Returns when nothing is under way here."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _begin(self, run: Awaitable[None]) -> None:
        task = asyncio.ensure_future(run)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(lambda _: self.nudge())

    async def _run(self, job: Job) -> None:
        log.info("reindex.begun", source=job.source, taken_up=job.cut_off_at is not None)
        try:
            async with self._jobs.doing([job]) as running:
                await self._indexing.refresh(self._jobs.sources[job.id].root, running)
        except HubError as error:
            log.error("reindex.failed", source=job.source, error=error.detail)
        except Exception:
            log.exception("reindex.failed", source=job.source)
        else:
            _say(job, running)

    async def _loop(self) -> None:
        await self._indexing.first_pass()
        while True:
            self._nudged.clear()
            try:
                await self.once()
            except StoreUnavailable as error:
                log.warning("scheduler.store_unavailable", error=error.detail)
            except Exception:  # a loop that ends here would read nothing again until the next start
                log.exception("scheduler.failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._nudged.wait()


def _say(job: Job, running: Running) -> None:
    state, report, error = running.outcome(job)
    counts = {"indexed": report.indexed, "unchanged": report.unchanged, "removed": report.removed}
    log.info("reindex.ended", source=job.source, how=state.value, **counts, **({"error": error} if error else {}))
