"""Index runs of a running hub: one at a time, the first one by itself at the start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from config.knowledge.crawl_turns import CrawlTurns
from config.knowledge.source_jobs import Running, SourceJobs
from config.processes.election import Election
from core.domain.errors import HubError, InvalidInput, KnowledgeUnavailable, StoreUnavailable
from core.domain.knowledge import IndexProgress, IndexReport
from core.end_tasks import end_tasks
from core.ports.metrics import Metrics
from core.ports.retriever import Retriever
from knowledge.first_index_run import FirstIndexRun, RetrieverDuringFirstRun
from knowledge.index.order import Origin
from knowledge.open import SAMPLE, Knowledge
from knowledge.rerank.retriever import RerankedRetriever
from knowledge.sources import resolve
from knowledge.sources.files import document_ids
from knowledge.sources.options import CLOSED_TICKETS
from knowledge.sources.refresh import Refreshed

log = structlog.get_logger(__name__)

ELECTED = "knowledge index"
"""What one process at a time does, the command included."""
_PAUSE = 30.0
_LONGEST_PAUSE = 600.0
"""Seconds after which a first run that the knowledge was not ready for is tried again: each time twice as many."""


class Indexing:
    """Without sources the process behind the knowledge is not started until somebody indexes something."""

    def __init__(
        self,
        knowledge: Knowledge,
        sources: Sequence[str],
        metrics: Metrics,
        *,
        stand_in: str | None = None,
        shared: bool = False,
        election: Election | None = None,
        turns: CrawlTurns | None = None,
        jobs: SourceJobs | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
        pause: float = _PAUSE,
        rerank: Callable[[Retriever], RerankedRetriever] | None = None,
    ) -> None:
        """``stand_in``: see IndexOrder. ``shared``: other processes search the same index, maybe with another model.

        ``election``: of these one indexes at a time. The others wait, then find its result and have nothing left to do.
        ``turns``: of who fetches from a site, also where each has an index of its own.
        ``jobs``: show what is done about each source that is configured.
        ``before``: brings what this process keeps of approved answers in line, for its first run over all that is configured.
        After that it is the business of who keeps it (see LearnedAnswers). Raises StoreUnavailable.
        """
        self._knowledge = knowledge
        self._sources = tuple(sources)
        self._stand_in = stand_in
        self._shared = shared
        self._election = election or Election()
        self._contended = election is not None
        self._turns = turns or CrawlTurns(self._election)
        self._jobs = jobs
        self._before = before
        self._pause = pause
        self._one_at_a_time = asyncio.Lock()
        self._reading = FirstIndexRun(leaving=_sample_beside(sources))
        self._first: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._since = 0.0
        self._reranked = rerank(knowledge.retriever) if rerank is not None else None
        self.retriever = RetrieverDuringFirstRun(knowledge.retriever, self._reading, metrics, self._reranked)

    @property
    def filling(self) -> bool:
        """See FirstIndexRun.is_incomplete."""
        return self._reading.is_incomplete

    @property
    def idle_without_sources(self) -> bool:
        """Nothing to search, on purpose."""
        return not self._reading.is_started

    async def load(self) -> None:
        """Begin to load the model while the hub itself starts."""
        if self._sources:
            await self._ensure_started()

    async def start(self) -> None:
        """Load the model and bring the index in line with the configured sources, behind the caller's back."""
        if self._sources:
            await self._ensure_started()
            self._since = time.time()
            self._reading.is_running = True
            self._first = asyncio.create_task(self._first_run())

    async def stop(self) -> None:
        """End what runs; the next start goes on where it was."""
        if self._first is not None:
            await end_tasks(self._first)
            self._reading.is_running = False
        if self._reranked is not None:
            await self._reranked.aclose()
        if self._reading.is_started:
            await self._knowledge.close()

    async def first_run(self) -> None:
        """Returns when the run of the start is over, however it went, or was tried and has to wait for the knowledge."""
        if self._first is not None:
            await self._tried.wait()

    async def first_pass(self) -> None:
        """Returns when what lies on this machine was read for the first time, or that has to wait for the knowledge.

        What is elsewhere may still be on its way, for hours: nothing that is here need wait for it.
        """
        if self._first is not None:
            await self._reading.was_read.wait()

    async def run(
        self,
        paths: Sequence[str],
        progress: Callable[[IndexProgress], None] | None = None,
        *,
        confirm_deletions: bool = False,
    ) -> IndexReport:
        """Index ``paths``, or what is configured when there are none. Waits for a run that is under way. Raises HubError.

        What is not on this machine is fetched first, while other runs go on. Tickets must be configured: what is only named is
        not read again by itself, and would outlive what was erased.
        """
        if CLOSED_TICKETS in paths:
            raise InvalidInput(
                f"Closed tickets are read where they are configured: put {CLOSED_TICKETS} into a table [[knowledge_source]]."
            )
        await self._ensure_started()
        sources = paths or self._sources
        async with self._record_run(resolve(sources)) as running:

            def tell(update: IndexProgress) -> None:
                running.tell(update)
                if progress is not None:
                    progress(update)

            running.fetched(await self._fetch(sources, tell))
            report = await self._index(paths, tell, confirm_deletions=confirm_deletions)
            running.indexed(report)
        return report

    async def refresh(self, root: str, running: Running) -> None:
        """Bring one source that is configured in line, and leave the others as they are. Raises HubError."""
        await self._ensure_started()
        running.fetched(await self._fetch([root], running.tell))
        running.indexed(await self._index((), running.tell, only=[root]))

    @asynccontextmanager
    async def _record_run(self, roots: Iterable[str]) -> AsyncIterator[Running]:
        if self._jobs is None:
            yield Running()
            return
        async with self._jobs.over(roots) as running:
            yield running

    async def _fetch(
        self,
        sources: Sequence[str],
        progress: Callable[[IndexProgress], None] | None = None,
        since: float | None = None,
    ) -> Sequence[Refreshed]:
        if not self._knowledge.refresh.remote(resolve(sources)):
            return ()  # what lies on this machine does not wait for somebody's crawl
        return await self._knowledge.refresh.run(resolve(sources), progress, since, self._turns.hold)

    async def _index(
        self,
        paths: Sequence[str],
        progress: Callable[[IndexProgress], None] | None = None,
        *,
        confirm_deletions: bool = False,
        only: Sequence[str] = (),
        drop_other_models: bool = True,
    ) -> IndexReport:
        async with self._one_at_a_time, self._election.held(ELECTED):
            if not paths and not only:
                await self._put_right()
            return await self._knowledge.writer.index(
                paths or self._sources,
                progress=progress,
                origin=Origin.NAMED if paths else Origin.CONFIGURED,
                stand_in=self._stand_in,
                confirm_deletions=confirm_deletions,
                only=only,
                drop_other_models=drop_other_models,
            )

    async def _put_right(self) -> None:
        """While the database is away the file counts as it is. A shared index is listed there, and cannot be written then."""
        before, self._before = self._before, None
        if before is None:
            return
        try:
            await before()
        except StoreUnavailable as error:
            self._before = before
            log.warning("index.answers_unknown", error=error.detail)

    async def add(self, source: str) -> IndexReport:
        """From now on this is a source like those that are configured; the others are not looked at. Raises HubError."""
        if source not in self._sources:
            self._sources = (*self._sources, source)
        await self._ensure_started()
        return await self._index((), only=[source])

    def expect(self, source: str) -> None:
        """A source of which nothing may be here: what the index holds of it from before goes with the next run over all.

        Where nothing else is configured nobody searches it, and there will be no such run.
        """
        if self._sources and source not in self._sources:
            self._sources = (*self._sources, source)

    async def drop(self, source: str) -> IndexReport:
        """What was added is no source any more. Raises HubError."""
        self._sources = tuple(one for one in self._sources if one != source)
        return await self.forget([source])

    async def forget(self, paths: Sequence[str]) -> IndexReport:
        """Take the documents of ``paths`` out. Waits for a run that is under way. Raises HubError."""
        await self._ensure_started()
        async with self._one_at_a_time, self._election.held(ELECTED):
            return await forget(self._knowledge, paths, self._sources, self._stand_in)

    async def _ensure_started(self) -> None:
        if not self._reading.is_started:
            self._reading.is_started = True
            await self._knowledge.start()

    async def _first_run(self) -> None:
        """Tried until the knowledge is ready: a model that loads slowly or a Chroma server that comes up late is waited for."""
        pause = self._pause
        try:
            while not await self._filled(pause):
                self._tried.set()
                self._reading.was_read.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            self._reading.is_running = False
            self._tried.set()
            self._reading.was_read.set()

    async def _filled(self, pause: float) -> bool:
        """Whether that is the end of it, for good or ill."""
        try:
            await self._fill()
        except KnowledgeUnavailable as error:
            log.error("index.failed", error=error.detail, again_in=pause)
            return False
        except HubError as error:
            log.error("index.failed", error=error.detail)
        except Exception:
            log.exception("index.failed")
        return True

    async def _fill(self) -> None:
        """What lies on this machine is read first; then each of the others is read as soon as it has come, on its own."""
        roots = resolve(self._sources)
        elsewhere = [root for root in roots if self._knowledge.refresh.remote([root])]
        shown: list[Running] = []
        first = asyncio.create_task(self._first_pass([root for root in roots if root not in elsewhere], shown))
        coming = (self._come(root, first, shown) for root in elsewhere)
        ended = await asyncio.gather(first, *coming, return_exceptions=True)
        failures = [one for one in ended if isinstance(one, BaseException)]
        for failure in sorted(failures, key=lambda one: not isinstance(one, KnowledgeUnavailable)):
            raise failure  # one that is tried again, if there is one
        if any(one is not None for one in ended[1:]):  # what came may say of other sources what is for whom
            _say(await self._index((), drop_other_models=not self._shared))

    async def _first_pass(self, here: Sequence[str], elsewhere: Sequence[Running]) -> IndexReport:
        """Over all sources as they are on this machine. What was read answers while the rest is fetched."""
        async with self._record_run(here) as running:
            await self._knowledge.warm()
            self._reading.has_documents = self._knowledge.health().documents > 0

            def tell(update: IndexProgress) -> None:
                all_ = (running, *elsewhere)
                together = sum(len(one.jobs) for one in all_) > 1
                for one in all_:
                    one.progress = replace(update, together=together)

            await self._close_for_staff()
            report = await self._index((), tell, drop_other_models=not self._shared)
            running.indexed(report)
        self._reading.has_documents = self._knowledge.health().documents > 0
        _say(report)
        self._reading.was_read.set()
        return report

    async def _close_for_staff(self) -> None:
        """A run does that itself, but may have to wait for its turn for as long as another process indexes."""
        if self._contended:
            closed = await self._knowledge.writer.close_for_staff(self._sources)
            if closed:
                log.info("index.closed_for_staff", documents=closed)

    async def _come(self, root: str, first: asyncio.Task[IndexReport], shown: list[Running]) -> IndexReport | None:
        """Fetch a source after the first pass, and bring it in line: None where it is already. Its job is shown all the time."""
        async with self._record_run([root]) as running:
            shown.append(running)
            await asyncio.wait({first})
            report = first.result()
            running.indexed(report)
            fetched = await self._fetch([root], running.tell, self._since)  # the workers of a hub start together
            running.fetched(fetched)
            if not any(one.changed for one in fetched) and not (fetched and report.failures):
                return None
            report = await self._index((), running.tell, only=[root])
            running.indexed(report)
        self._reading.has_documents = self._knowledge.health().documents > 0
        _say(report)
        return report


def _sample_beside(sources: Sequence[str]) -> frozenset[str]:
    """The documents of a fictional company, where a company has configured its own: they may be in the index from a try-out."""
    read = any(SAMPLE.is_relative_to(root) or Path(root).is_relative_to(SAMPLE) for root in resolve(sources))
    return frozenset() if read else document_ids(SAMPLE)


def _say(report: IndexReport) -> None:
    log.info(
        "index.done",
        indexed=report.indexed,
        unchanged=report.unchanged,
        removed=report.removed,
        chunks=report.chunks,
        seconds=round(report.seconds, 1),
    )
    if report.sample_left_out:
        log.info("index.sample_left_out", reason="documents of your own were indexed with switchboard index")
    for source, reason in report.failures:
        log.warning("index.document_failed", source=source, reason=reason)


async def forget(
    knowledge: Knowledge, paths: Sequence[str], sources: Sequence[str], stand_in: str | None
) -> IndexReport:
    """Take the documents of ``paths`` out; what gave way to them comes back when none of their kind is left.

    A hub does that by itself when the last approved answer is withdrawn: it is no word on what other models have in the index.
    """
    report = await knowledge.writer.forget(paths)
    await asyncio.to_thread(knowledge.refresh.forget, resolve(paths))
    if stand_in is not None:
        await knowledge.writer.index(sources, origin=Origin.CONFIGURED, stand_in=stand_in, drop_other_models=False)
    return report
