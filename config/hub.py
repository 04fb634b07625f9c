"""The hub as one object: what is started in which order, and ended so that no request and no turn is dropped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import structlog
from aiohttp import web

from api.app import Operations, build_app
from api.health import Health
from api.knowledge_hook import knowledge_hook
from api.metrics import PrometheusMetrics
from channels.console.adapter import ConsoleChannel
from config import agent_parts, parts
from config.budgets import file_bytes, make_linking, make_turn_budgets
from config.channels import make_channels
from config.desk.app import OWN_APP, make_door
from config.desk.calendars import make_calendars
from config.desk.desk import give_forms, make_desk, make_desk_channel, make_marks, make_timers
from config.desk.handoff import make_handoff
from config.desk.issues import issue_routes
from config.desk.moving import move_cases
from config.desk.rules import compile_language, make_rules, make_sentiment
from config.desk.staffed import desk_account
from config.health_checks import HealthChecks
from config.knowledge import knowledge_parts
from config.knowledge.elsewhere_retriever import ElsewhereRetriever
from config.knowledge.freshness import FreshKnowledge
from config.knowledge.gap_sorting import make_gap_sorting
from config.knowledge.learned_answers import LearnedRegression, make_learned
from config.knowledge.sample_company import without_sample_company
from config.listener import Listener
from config.mail import mail_through
from config.operators import operator_access
from config.processes.data_dir import DataDirLock, owner_name
from config.processes.election import Election
from config.processes.loops import Loop, loops_of
from config.processes.sweep import DailySweep, kept_for, unused_after
from config.settings import Settings, secrets_of
from config.shared_tools import SharedTools
from core.attachments.fetching import FetchService
from core.budgets import BudgetLedger
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.errors import ConfigError, StoreUnavailable
from core.end_tasks import end_tasks
from core.intake import Intake
from core.looked_up import NotingRetriever
from core.ports.channel import Channel, SupportsEventLog, SupportsRoutes
from core.ports.desk import Desk
from core.ports.responder import Responder
from core.ports.translator import Translator
from core.storage.ids import new_id
from core.storage.migrate import migrate
from core.timers import TimerLoop
from core.turn import Turn, TurnSettings
from core.turn_files import fetch_and_read
from handoff.waits.requests import Requests
from knowledge.gaps.book import StoredGapBook

log = structlog.get_logger(__name__)

Role = Literal["all", "web", "worker"]
MakeAgent = Callable[..., Responder] | None


def hub_version() -> str:
    """Of the installed package."""
    try:
        return version("switchboard-hub")
    except PackageNotFoundError:
        return "0"


class Hub:
    """``start`` returns when messages are accepted; the model loads and the first index run goes on behind it.

    ``role`` web accepts and shows, worker answers and delivers, all does both. ``responder``, ``clock``: for measurements, tests.
    """

    def __init__(
        self, settings: Settings, role: Role = "all", *, responder: MakeAgent = None, clock: SystemClock | None = None
    ) -> None:
        self.settings = settings = without_sample_company(settings)
        self.role: Role = role
        self._check_role()
        self.works = role != "web"
        self.serves = role != "worker"
        self._lock = DataDirLock(settings.data_dir)
        self._clock = clock or SystemClock()
        self.metrics = PrometheusMetrics()
        self.store = parts.make_store(settings, self._clock)
        self._process = new_id()
        self._election = Election(None if settings.uses_sqlite else self.store, self._process)
        self.wake = parts.make_wake(settings)
        self.budgets = BudgetLedger(self._clock, self.store, self.metrics)
        self.disk = parts.make_disk(settings)
        self.files = parts.make_files(settings, self.disk)
        self._closing = contextlib.AsyncExitStack()
        self.confined = parts.make_confined(self._closing)
        self.extraction = parts.make_extraction(
            settings, self.store, self.files, self.confined, self._clock, self.metrics, self._closing, self.budgets
        )
        self.knowledge = knowledge_parts.make_knowledge(settings)
        self._fresh = FreshKnowledge(settings, self.store, self._clock, self._process, works=self.works)
        self.indexing = knowledge_parts.make_indexing(
            settings, self.knowledge, self.metrics, self._election, self._fresh.jobs, self.store
        )
        self._operators = operator_access(settings, self.metrics)
        self.channels = self._make_channels()
        self._with_files = partial(fetch_and_read, fetch=self._make_fetching().ensure, read=self.extraction.ensure_all)
        self.intake = Intake(
            self.store,
            self.wake,
            self.metrics,
            {item.name: item.capabilities for item in self.channels.values()},
            ratings=settings.feature_feedback,
            logs={item.name: item for item in self.channels.values() if isinstance(item, SupportsEventLog)},
        )
        self._model_parts = (self._clock, self.metrics, self._closing, self.budgets)
        self._tools = SharedTools(settings, *self._model_parts)
        answers = partial(agent_parts.make_responder, likeness=self.knowledge.likeness, tools=self._tools)
        self._make_responder = responder or answers
        self._dispatcher: Dispatcher | None = None
        self._timers: TimerLoop | None = None
        self.delivery = self._make_delivery()
        self.health = Health(HealthChecks(self).by_part(), version=hub_version())
        self._marks = make_marks(settings, self._desk_channel, self.store, self.wake, self._election)
        self._loops = self._make_loops()
        self._listener: Listener | None = None
        self._migrating: asyncio.Task[None] | None = None
        self.port = settings.port

    def _make_fetching(self) -> FetchService:
        return FetchService(
            self.channels,
            self.store,
            self.files,
            self._clock,
            keep_trying=self.settings.attachment_fetch_seconds,
            budgets=self.budgets,
            daily=file_bytes(self.settings),
        )

    def _make_delivery(self) -> DeliveryService:
        lease = self.settings.lease_seconds
        channels = [channel for name, channel in self.channels.items() if name != OWN_APP]
        settings = DeliverySettings(lease=lease, send_timeout=lease * 0.8)
        return DeliveryService(channels, self.store, self.wake, self._clock, self.metrics, settings)

    def _make_loops(self) -> tuple[Loop, ...]:
        ages = kept_for(self.settings.retention_days, self.settings.memory_days)
        unused = unused_after(self.settings.retention_days)
        return loops_of(
            make_learned(self.settings, self.store, self.indexing),
            DailySweep(self.store, self.files, ages=ages, unused=unused, election=self._election),
            agent_parts.make_remembering(self.settings, self.store, self._election, *self._model_parts),
            make_gap_sorting(self.store, self.knowledge),
            parts.make_erasing(self.settings, self.store, self.files),
            make_calendars(self.settings, self._handoff, self.confined.messages, self._clock),
            *self._fresh.loops(self.indexing),
        )

    @property
    def embedded(self) -> bool:
        """Whether something in DATA_DIR must have one owner: the SQLite file, or the embedded index of a worker."""
        return self.settings.uses_sqlite or (self.works and not self.settings.chroma_url)

    @property
    def console(self) -> ConsoleChannel:
        """The channel of ``switchboard chat``."""
        channel = self.channels["console"]
        assert isinstance(channel, ConsoleChannel)
        return channel

    def _check_role(self) -> None:
        if self.role != "all" and self.settings.uses_sqlite:
            raise ConfigError("Several processes need PostgreSQL: set DATABASE_URL, or serve with --role all.")

    @property
    def takes_files(self) -> bool:
        """A web process alone must not take files that no worker could read and that would end with its container."""
        shared = self.settings.attachments_url is not None or self.settings.data_dir_shared
        if self.settings.feature_attachments and self.role == "web" and not shared:
            log.warning("attachments.off", reason="set ATTACHMENTS_URL, or DATA_DIR_SHARED where DATA_DIR is shared")
            return False
        return self.settings.feature_attachments

    def _make_channels(self) -> dict[str, Channel]:
        self._handoff = make_handoff(self.settings)
        self._keys = keys = parts.secret_keys(self.settings, alone=self.role == "all")
        channel = parts.make_web(
            self.settings,
            keys,
            takes_files=self.takes_files,
            store=self.store,
            files=self.files,
            extraction=self.extraction,
            wake=self.wake,
            clock=self._clock,
            budgets=self.budgets,
            metrics=self.metrics,
            operators=self._operators,
            send_mail=mail_through(lambda: self.channels.get("email")) if self.settings.email_address else None,
        )
        # A terminal hangs on one process: where there may be several, each delivers to its own alone.
        account = "default" if self.settings.uses_sqlite else new_id()
        surroundings = parts.make_surroundings(
            self.settings,
            store=self.store,
            files=self.files,
            clock=self._clock,
            metrics=self.metrics,
            process=owner_name(self.settings.data_dir) if self.embedded else new_id(),
            confined=self.confined.messages,
            keys=keys,
            disk=self.disk,
        )
        made = {"web": channel, "console": ConsoleChannel(self._clock, account=account)}
        made |= make_channels(self.settings, surroundings, keys, self._handoff.teams)
        if (door := make_door(self.settings, surroundings, self._handoff.teams)) is not None:
            made[OWN_APP] = door
        self._desk_channel = make_desk_channel(
            self.settings, self._handoff, surroundings, self.store, made.get("email")
        )
        guests = self.settings.desk_guests_may_claim
        give_forms(self._handoff, made.values(), self._desk_channel, self.store, self._clock, guests_may_claim=guests)
        return made if self._desk_channel is None else {**made, self._desk_channel.name: self._desk_channel}

    async def start(self, *, listen: bool = True) -> None:
        """Raises ConfigError when DATA_DIR is taken or the port is in use."""
        if self.embedded:
            self._lock.require()
        if self.works:
            await self.indexing.load()
        await self.files.start()
        await self.store.open()
        await self._migrate()
        await self.budgets.start()
        await self.wake.start()
        for channel in self.channels.values():
            await channel.start(self.intake)
        if self.works:
            self._dispatcher = self._make_dispatcher()
            await asyncio.to_thread(compile_language, self._handoff.mood_words)
        if listen:
            await self._listen()
        if self.works:
            await self._start_working()

    async def _migrate(self) -> None:
        """At once where possible. While the database is away the hub is up, answers 503, and goes on trying."""
        try:
            await migrate(self.settings.effective_database_url)
        except StoreUnavailable as error:
            if self.settings.uses_sqlite:
                raise ConfigError(f"{self.settings.database_setting}: {error.detail}") from error
            log.error("migration.waiting", error=error.detail)
            self._migrating = asyncio.create_task(self._keep_migrating())

    async def _keep_migrating(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            with contextlib.suppress(StoreUnavailable):
                await migrate(self.settings.effective_database_url)
                log.info("migration.done")
                return

    def _make_dispatcher(self) -> Dispatcher:
        retriever = NotingRetriever(self.indexing.retriever)
        given = (self.settings, retriever, self.store, *self._model_parts)
        budgets = make_turn_budgets(self.settings, self.budgets, self.channels, self._clock)
        turn = Turn(
            agent_parts.with_erasure(self.settings, self._make_responder(*given), self.channels),
            self._make_desk(),
            self.channels,
            self.metrics,
            agent_parts.make_failure(self.settings),
            self._with_files,
            TurnSettings(timeout=self.settings.turn_timeout_seconds, streaming=self.settings.feature_streaming),
            self._clock,
            make_rules(self.settings, self._handoff.mood_words),
            self.store.still_held,
            make_sentiment(self._handoff.mood_words),
            budgets,
            make_linking(self.settings, self.budgets, budgets, self.channels, self._clock, self._keys),
        )
        limits = DispatcherSettings(concurrency=self.settings.turn_concurrency, lease=self.settings.lease_seconds)
        return Dispatcher(self.store, turn, self.wake, self.metrics, limits, lanes=self.delivery)

    async def _start_working(self) -> None:
        assert self._dispatcher is not None, "made before it listens"
        await move_cases(self.settings, self._handoff, self.store, self._clock, self._election)
        await self._dispatcher.start()
        await self.delivery.start()
        drafter = agent_parts.make_drafter(self.settings, *self._model_parts)
        self._timers = make_timers(
            self.settings, self._handoff, self._desk_channel, self.store, self._clock, self.wake, drafter, self.channels
        )
        for part in loops_of(self._timers, self._marks):
            part.start()
        await self.indexing.start()
        for loop in self._loops:
            loop.start()

    def _colleague(self) -> Responder | None:
        """What staff ask; without a staff channel nobody does."""
        if self._desk_channel is None:
            return None
        return agent_parts.make_colleague(self.settings, self.indexing.retriever, self.store, *self._model_parts)

    def _translator(self) -> Translator | None:
        if self._desk_channel is None:
            return None
        return agent_parts.make_translator(self.settings, *self._model_parts)

    def _make_desk(self) -> Desk:
        can = {item.name: item.capabilities for item in self.channels.values()}
        retriever, staffed = self.indexing.retriever, bool(self._desk_channel)
        briefing = agent_parts.make_briefing(self.settings, retriever, *self._model_parts, staffed=staffed)
        trial = LearnedRegression(self.knowledge, self.indexing)
        given = (self._colleague(), self._translator(), can, briefing, self._with_files, trial)
        more = (self.knowledge.likeness, self._tools)
        return make_desk(self.settings, self._handoff, self._desk_channel, self.store, self._clock, *given, *more)

    def make_app(self) -> web.Application:
        """All routes of this role, with the settings' channels."""
        routes = [
            route
            for channel in self.channels.values()
            if self.serves and isinstance(channel, SupportsRoutes)
            for route in channel.routes()
        ]
        retriever = self.indexing.retriever if self.works else ElsewhereRetriever()
        book = StoredGapBook(self.store, self._clock)
        fresh = self._fresh.freshness
        requests = Requests(self.store, desk_account(self.settings), self.settings.desk_language)
        operations = Operations(
            self.health, self.metrics, self.store, retriever, book, self._operators, requests, fresh
        )
        secrets = secrets_of(self.settings.knowledge_webhook_secret) if self.serves else ()
        issues = issue_routes(self.settings, self.store, self.intake, self.metrics, self._clock) if self.serves else ()
        return build_app(operations, [*routes, *knowledge_hook(fresh, secrets, self.metrics), *issues])

    async def _listen(self) -> None:
        self._listener = Listener(self.make_app(), self.settings, self.metrics)
        await self._listener.start()
        self.port = self._listener.port

    async def stop(self) -> None:
        """Take nothing new, finish what was begun, then close. What is left over is durable and waits for the next start."""
        self.health.stop()
        if self._listener is not None:
            self._listener.stop_accepting()
        await self.intake.drain()
        if self._timers is not None:
            await self._timers.stop()
        if self._marks is not None:
            await self._marks.stop()
        if self._dispatcher is not None:
            await self._dispatcher.stop()
            await self.delivery.stop()
        for channel in self.channels.values():
            await channel.stop()
        if self._listener is not None:
            await self._listener.close()
        await self._close()

    async def _close(self) -> None:
        await end_tasks(self._migrating)
        await self.extraction.stop()
        await self._closing.aclose()
        for loop in self._loops:
            await loop.stop()
        await self.indexing.stop()
        await self.health.close()
        await self.wake.stop()
        await self.budgets.stop()
        await self.store.close()
        self._lock.release()
