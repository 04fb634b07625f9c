"""From settings to the jobs of sources: which there are, when each is read again, and who asks for it between."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import tzinfo

from config.knowledge import knowledge_parts
from config.knowledge.scheduler import Reindexes, Scheduler
from config.knowledge.source_jobs import ScheduledSource, SourceJobs
from config.processes.data_dir import own_secret, owner_name
from config.processes.loops import Loop
from config.settings import Settings
from core.domain.errors import NotFound, Overloaded
from core.domain.jobs import Job, Push
from core.ports.clock import Clock
from core.storage.jobs import SqlJobs
from knowledge.open import SAMPLE
from knowledge.schedule import Schedule, zone_of
from knowledge.sources import Catalog, resolve
from knowledge.sources.options import LEARNED
from knowledge.sources.push import concerns


def scheduled_sources(settings: Settings) -> tuple[ScheduledSource, ...]:
    """What is configured. What staff approved is indexed when they do (see learned_answers), and has no schedule."""
    catalog = Catalog(tuple(source.to_options() for source in settings.knowledge_source))
    found = {}
    for root in resolve([source for source in knowledge_parts.knowledge_sources(settings) if source != LEARNED]):
        options = catalog.options(root)
        schedule = Schedule.parse(options.schedule or settings.knowledge_reindex_cron)
        found[root] = ScheduledSource(options, root, schedule)
    return tuple(found.values())


def schedule_zone(settings: Settings) -> tzinfo:
    """In which the times of schedules are meant, and shown."""
    return zone_of(settings.knowledge_time_zone or settings.desk_time_zone)


def make_source_jobs(
    settings: Settings, jobs: SqlJobs, clock: Clock, process: str, *, plans: bool = True
) -> SourceJobs:
    """An index that processes share has one row for each source, an embedded one its own. ``plans``: see SourceJobs."""
    shared = settings.chroma_url is not None
    return SourceJobs(
        jobs,
        scheduled_sources(settings),
        clock,
        schedule_zone(settings),
        scope=scope_of(settings),
        holder=process if shared else owner_name(settings.data_dir),
        plans=plans,
    )


def scope_of(settings: Settings) -> str:
    """The index, by the name of the DATA_DIR that it is in; the one that processes share has none.

    Without the host's name: a container has another one after each start, and the same index.
    """
    if settings.chroma_url is not None:
        return ""
    return hashlib.sha256(own_secret(settings.data_dir, "owner_name").encode()).hexdigest()[:32]


class SourceFreshness:
    """Implements core.ports.jobs.Freshness. ``nudge``: somebody of this process should look at once."""

    def __init__(
        self, jobs: SqlJobs, sources: Sequence[ScheduledSource], zone: tzinfo, nudge: Callable[[], None] = lambda: None
    ) -> None:
        self._jobs = jobs
        self._sources = sources
        self._zone = zone
        self._nudge = nudge

    @property
    def zone(self) -> tzinfo:
        """See Freshness.zone."""
        return self._zone

    async def statuses(self) -> Sequence[Job]:
        """See Freshness.statuses."""
        return await self._jobs.jobs()

    async def ask(self, source: str | None = None, delivery: str | None = None) -> Sequence[str] | None:
        """See Freshness.ask."""
        given = set() if source is None else {source, *resolve([source])}
        wanted = [one for one in self._sources if source is None or given & _names(one)]
        if source is not None and not wanted:
            raise NotFound("There is no such source. GET /api/knowledge/status lists those that are configured.")
        return await self._ask(wanted, delivery)

    async def pushed(self, push: Push, delivery: str | None = None) -> Sequence[str] | None:
        """See Freshness.pushed."""
        wanted = [one for one in self._sources if concerns(push, one.options)]
        return await self._ask(wanted, delivery) if wanted else ()

    async def _ask(self, wanted: Sequence[ScheduledSource], delivery: str | None) -> Sequence[str] | None:
        if not wanted:
            return ()
        asked = await self._jobs.ask_jobs([one.id for one in wanted], delivery)
        if asked is None:
            return None
        if asked == 0:
            raise Overloaded("No worker has listed its sources yet.", retry_after=5.0)
        self._nudge()
        return [one.shown for one in wanted]


def _names(source: ScheduledSource) -> set[str]:
    """By what a source may be called: its address, as the index knows it, or as it is shown."""
    names = {source.root, source.shown, *resolve([source.options.address])}
    return {*names, "sample"} if source.root == str(SAMPLE) else names


class FreshKnowledge:
    """What of it a hub holds: jobs and the loops of a worker, routes of everybody."""

    def __init__(self, settings: Settings, jobs: SqlJobs, clock: Clock, process: str, *, works: bool) -> None:
        self._settings = settings
        self._scheduler: Scheduler | None = None
        self.jobs = make_source_jobs(settings, jobs, clock, process) if works else None
        zone = schedule_zone(settings)
        self.freshness = SourceFreshness(jobs, scheduled_sources(settings), zone, self._nudge)

    def loops(self, indexing: Reindexes) -> Sequence[Loop]:
        """Those that have sources read again."""
        if self.jobs is None:
            return ()
        self._scheduler = Scheduler(self.jobs, indexing)
        if not self._settings.knowledge_watch:
            return (self._scheduler,)
        from config.knowledge.watching import Watcher  # which few hubs need

        return self._scheduler, Watcher(self.jobs.sources.values(), self.freshness.ask)

    def _nudge(self) -> None:
        if self._scheduler is not None:
            self._scheduler.nudge()
