"""A hub's scheduler with all that it stands on, but for the knowledge base: that only writes down what it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, cast

from config.knowledge.indexing import Indexing
from config.knowledge.scheduler import Scheduler
from config.knowledge.source_jobs import ScheduledSource, SourceJobs
from core.domain.errors import StoreUnavailable
from core.domain.jobs import Job
from core.domain.knowledge import IndexProgress, IndexReport, SourceReport
from core.ports.metrics import Metrics
from core.storage.store import SqlStore
from knowledge.open import Knowledge
from knowledge.schedule import Schedule
from knowledge.sources import Catalog, SourceOptions, identity_of
from knowledge.sources.refresh import Refresh
from tests.contract.stores.manual_clock import ManualClock

DOCS, SITE = "/srv/docs", "/srv/handbook"
HOUR = 3600.0


class FakeKnowledge:
    """A knowledge base that writes down what it is asked for. ``gate``: a run ends when it is open; ``fault``: it fails."""

    def __init__(self) -> None:
        self.writer = self.retriever = self
        self.refresh = Refresh(Catalog())
        self.documents = 1
        self.seen: list[tuple[str, ...]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None
        self.failures: tuple[tuple[str, str], ...] = ()

    async def start(self) -> None: ...

    async def warm(self) -> None: ...

    async def close(self) -> None: ...

    def health(self) -> FakeKnowledge:
        return self

    async def index(
        self,
        paths: Sequence[str],
        *,
        progress: Callable[[IndexProgress], None] | None = None,
        only: Sequence[str] = (),
        **_: Any,
    ) -> IndexReport:
        roots = tuple(only or paths)
        self.seen.append(roots)
        if progress is not None:
            progress(IndexProgress(3, 9, "a.md"))
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        reports = tuple(SourceReport(identity_of(root), 1, 2, 0, self.failures) for root in roots)
        return IndexReport(len(roots), 2, 0, 1, sources=reports)


class Cable:
    """The way to the database, which a test may cut: a process that gives no sign of life is thought dead."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.cut = False

    def __getattr__(self, name: str) -> Any:
        if self.cut:
            raise StoreUnavailable("the cable is cut")
        return getattr(self._store, name)


class Hub:
    """One process: its scheduler, its indexing and its connections."""

    def __init__(
        self,
        store: SqlStore,
        clock: ManualClock,
        sources: Sequence[ScheduledSource],
        holder: str,
        *,
        plans: bool = True,
    ) -> None:
        self.store = store
        self.fake_knowledge = FakeKnowledge()
        self.cable = Cable(store)
        self.jobs = SourceJobs(
            cast(Any, self.cable), sources, clock, UTC, scope="shared", holder=holder, plans=plans, beat=0.01
        )
        knowledge = cast("Knowledge", self.fake_knowledge)
        self.indexing = Indexing(
            knowledge, [source.root for source in sources], cast("Metrics", None), shared=True, jobs=self.jobs
        )
        self.scheduler = Scheduler(self.jobs, self.indexing, poll=0.01)

    async def tick(self) -> int:
        """What is due is done; how much that was."""
        begun = await self.scheduler.once()
        await self.scheduler.idle()
        return begun

    async def job(self, root: str = DOCS) -> Job:
        """As everybody sees it."""
        return next(job for job in await self.store.jobs("shared") if job.id == identity_of(root))


def every(line: str, *roots: str) -> list[ScheduledSource]:
    return [ScheduledSource(SourceOptions(root), root, Schedule.parse(line)) for root in roots]
