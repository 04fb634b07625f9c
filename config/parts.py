"""From settings to the parts of the hub. Every constructor of the project is called here, and settings go no further."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from api.logging import LogSettings
from channels import registry
from channels.web.links import Links
from channels.web.rates import MemoryRates, Rates, RedisRates
from channels.web.settings import WebLimits, WebSettings
from config.data_dir import own_secret_key
from config.desk import is_staffed
from config.election import Election
from config.indexing import Indexing
from config.learned_answers import learned_file
from config.measured_model import MeasuredModel
from config.operators import operator_access
from config.reranking import reranking
from config.settings import Settings, secrets_of
from config.source_jobs import SourceJobs
from core.agent.settings import AgentSettings
from core.agent.texts import texts_for
from core.attachments.extract import ChildExtractor
from core.attachments.extraction_service import ExtractionService
from core.attachments.file_store import FileStore
from core.attachments.media_type import AttachmentPolicy
from core.attachments.object_store import ObjectStore
from core.attachments.store import open_store
from core.domain.attachments import Attachment
from core.domain.errors import ConfigError
from core.domain.knowledge import KnowledgeAudience
from core.domain.messages import MessageKind
from core.llm.settings import AzureDeployment, OpenAIChatSettings
from core.ports.channel import Channel
from core.ports.chat_model import ChatModel
from core.ports.clock import Clock
from core.ports.drafter import Drafter
from core.ports.metrics import Metrics
from core.ports.responder import Reply, Responder
from core.ports.retriever import Retriever
from core.ports.store import Store, TurnState
from core.ports.surroundings import Surroundings
from core.ports.translator import Translator
from core.ports.wake import Wake
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from handoff.briefing import Briefing
from knowledge.open import SAMPLE, Knowledge, open_knowledge
from knowledge.settings import KnowledgeSettings

_LINK_LIFE = timedelta(days=7)
"""How long a link works that is sent to somebody who may read it tomorrow; the widget makes new ones each time."""

NO_SOURCES = "none"
"""The value of KNOWLEDGE_SOURCES for a hub that answers without knowledge."""


def log_settings(settings: Settings, *, terminal: bool) -> LogSettings:
    """Console format for a person at a terminal, JSON otherwise."""
    chosen = settings.log_format
    return LogSettings(
        level=settings.log_level.upper(),
        format=("console" if terminal else "json") if chosen == "auto" else chosen,
    )


def all_secrets(settings: Settings) -> tuple[str, ...]:
    """What must never appear in a log."""
    values = (
        settings.secret_key,
        settings.openai_api_key,
        settings.azure_openai_api_key,
        settings.widget_identity_secret,
        settings.slack_bot_token,
        settings.slack_signing_secret,
        settings.slack_app_token,
        settings.slack_client_secret,
        settings.slack_desk_bot_token,
        settings.slack_desk_signing_secret,
        settings.slack_desk_app_token,
        settings.telegram_bot_token,
        settings.telegram_webhook_secret,
        settings.twilio_auth_token,
        settings.email_imap_url,
        settings.email_smtp_url,
        settings.knowledge_webhook_secret,
        settings.reranker_api_key,
    )
    return tuple(secret for value in values for secret in secrets_of(value))


def secret_keys(settings: Settings, *, alone: bool) -> tuple[str, ...]:
    """The configured keys, or the one that a lone process made itself. Raises ConfigError where processes must share it."""
    configured = secrets_of(settings.secret_key)
    if configured:
        return configured
    if not alone:
        raise ConfigError("SECRET_KEY must be set, and be the same for every process; try: openssl rand -hex 32")
    return (own_secret_key(settings.data_dir),)


def make_store(settings: Settings, clock: Clock) -> SqlStore:
    """Not opened yet."""
    within = settings.follow_up_answer_days * 86_400
    return SqlStore(settings.effective_database_url, clock, stall=settings.lease_seconds, answers_within=within)


def make_wake(settings: Settings) -> Wake:
    """The one port that differs by database."""
    if settings.uses_sqlite:
        return LocalWake()
    from core.storage.wake_postgres import PostgresWake

    return PostgresWake(settings.effective_database_url)


def make_files(settings: Settings) -> FileStore | ObjectStore:
    """Where customers' files go."""
    policy = AttachmentPolicy(max_bytes=settings.max_attachment_bytes)
    return open_store(settings.data_dir, settings.attachments_url, policy)


def make_extraction(store: Store, files: FileStore | ObjectStore, metrics: Metrics) -> ExtractionService:
    """Reads customers' files in confined child processes."""
    return ExtractionService(store, files, ChildExtractor(), metrics=metrics)


def make_rates(settings: Settings, clock: Clock) -> Rates:
    """Shared between processes where there is a Redis."""
    if settings.redis_url:
        return RedisRates(settings.redis_url, clock.monotonic)
    return MemoryRates(clock.monotonic)


def make_web(
    settings: Settings,
    keys: tuple[str, ...],
    *,
    takes_files: bool,
    store: Store,
    files: FileStore | ObjectStore,
    extraction: ExtractionService,
    wake: Wake,
    clock: Clock,
    rates: Rates,
    metrics: Metrics,
) -> Channel:
    """The web channel."""
    web = WebSettings(
        secret_keys=keys,
        identity_secrets=secrets_of(settings.widget_identity_secret),
        origins=settings.widget_origins,
        public_url=settings.public_url,
        company=settings.company_name,
        accept=AttachmentPolicy().suffixes(),
        attachments=takes_files,
        feedback=settings.feature_feedback,
        demo_page=settings.feature_demo_page,
        trusted_proxies=settings.trusted_proxies,
        staffed=is_staffed(settings),
        limits=WebLimits(attachment_bytes=settings.max_attachment_bytes),
    )
    channel: Channel = registry.load("web")(
        web,
        log=store,
        records=store,
        files=files,
        wake=wake,
        clock=clock,
        rates=rates,
        metrics=metrics,
        uploaded=lambda _conversation, attachment: extraction.begin(attachment),
        is_operator=lambda request: operator_access(settings).allows(request),
        shown=store,
    )
    return channel


def make_surroundings(
    settings: Settings,
    *,
    store: SqlStore,
    files: FileStore | ObjectStore,
    clock: Clock,
    metrics: Metrics,
    process: str,
    alone: bool,
) -> Surroundings:
    """What every channel is given."""
    public = settings.public_url
    links = Links(secret_keys(settings, alone=alone), _LINK_LIFE, clock) if public else None

    def link(attachment: Attachment) -> str | None:
        return f"{public}{links.to(attachment.id)}" if links is not None else None

    return Surroundings(
        memory=store,
        leases=store,
        files=files,
        clock=clock,
        metrics=metrics,
        link=link,
        process=process,
        company=settings.company_name,
        public_url=settings.public_url,
        max_attachment_bytes=settings.max_attachment_bytes,
        conversations=store,
    )


def knowledge_settings(settings: Settings) -> KnowledgeSettings:
    """What the knowledge base needs to be told."""
    embedding_key = settings.embedding_api_key
    return KnowledgeSettings(
        directory=settings.data_dir / "chroma",
        chroma_url=settings.chroma_url,
        database_url=settings.database_url,
        embedding_model=settings.embedding_model,
        embedding_precision=settings.embedding_precision,
        models=(settings.embedding_cache or settings.data_dir / "models").absolute(),
        embedding_url=settings.embedding_base_url,
        embedding_key=embedding_key.get_secret_value() if embedding_key is not None else None,
        embedding_dimensions=settings.embedding_dimensions,
        embedding_limit=settings.embedding_limit,
        query_prompt=settings.embedding_query_prompt,
        document_prompt=settings.embedding_document_prompt,
        threshold=settings.knowledge_threshold,
        labelled=settings.knowledge_labelled,
        regression=settings.knowledge_regression,
        sources=tuple(source.to_options() for source in settings.knowledge_source),
        mirrors=(settings.data_dir / "knowledge" / "sources").absolute(),
    )


def make_knowledge(settings: Settings) -> Knowledge:
    """Not started yet."""
    return open_knowledge(knowledge_settings(settings))


def make_indexing(
    settings: Settings, knowledge: Knowledge, metrics: Metrics, election: Election, jobs: SourceJobs | None = None
) -> Indexing:
    """Index runs over what is configured. Where several processes share an index, one at a time writes it."""
    return Indexing(
        knowledge,
        knowledge_sources(settings),
        metrics,
        stand_in=sample_stands_in(settings),
        shared=settings.chroma_url is not None,
        election=election if settings.chroma_url else None,
        rerank=reranking(settings, metrics),
        jobs=jobs,
    )


def knowledge_sources(settings: Settings) -> tuple[str, ...]:
    """The paths to index; ``sample`` stands for the documents that come with the hub. What staff approved is one of them."""
    described = tuple(source.to_options().root for source in settings.knowledge_source)
    sample_alone = settings.knowledge_sources == ("sample",)  # the default, which gives way to a company's own
    listed = () if described and sample_alone else (one for one in settings.knowledge_sources if one != NO_SOURCES)
    learned = (str(path) for path in (learned_file(settings),) if path.is_file())
    return (*(str(SAMPLE) if source == "sample" else source for source in listed), *described, *learned)


def sample_stands_in(settings: Settings) -> str | None:
    """The sample's place where nothing but it is configured: it gives way to documents that somebody names."""
    return str(SAMPLE) if settings.knowledge_sources == ("sample",) and not settings.knowledge_source else None


def agent_settings(settings: Settings) -> AgentSettings:
    """What bounds the agent."""
    base = AgentSettings(company_name=settings.company_name, escalation_keywords=settings.escalation_keywords)
    return replace(base, turn_seconds=min(base.turn_seconds, settings.turn_timeout_seconds * 0.8))


def make_responder(
    settings: Settings,
    retriever: Retriever,
    store: SqlStore,
    clock: Clock,
    metrics: Metrics,
    closing: AsyncExitStack,
) -> Responder:
    """The agent over a model where one is configured, otherwise the extractive responder.

    ``closing`` takes what has to be closed when the hub stops.
    """
    if not settings.has_model:
        from core.llm.extractive import ExtractiveResponder

        return ExtractiveResponder(retriever, agent_settings(settings), clock, store)
    from config.second_gate import make_verifier
    from core.agent.loop import AgentLoop
    from core.agent.tool_registry import installed_tools

    model = make_model(settings, clock, metrics, closing)
    return AgentLoop(
        model,
        retriever,
        store,
        agent_settings(settings),
        clock,
        tools=installed_tools(),
        tickets=store,
        verifier=make_verifier(settings, model, clock),
    )


def make_colleague(
    settings: Settings, retriever: Retriever, store: SqlStore, clock: Clock, metrics: Metrics, closing: AsyncExitStack
) -> Responder:
    """What staff ask in a case's thread: as for customers, with what staff may read, and without tools that change anything."""
    inside = replace(agent_settings(settings), audience=KnowledgeAudience.STAFF)
    if not settings.has_model:
        from core.llm.extractive import ExtractiveResponder

        return ExtractiveResponder(retriever, inside, clock)
    from config.second_gate import make_verifier
    from core.agent.loop import AgentLoop

    model = make_model(settings, clock, metrics, closing)
    return AgentLoop(model, retriever, store, inside, clock, verifier=make_verifier(settings, model, clock))


def make_briefing(
    settings: Settings,
    retriever: Retriever,
    clock: Clock,
    metrics: Metrics,
    closing: AsyncExitStack,
    *,
    staffed: bool,
) -> Briefing:
    """Drafts are quoted from what customers may read, without a model: the customer waits for the case to be opened."""
    if not staffed:
        return Briefing()
    from core.llm.extractive import ExtractiveResponder

    words = replace(agent_settings(settings), escalation_keywords=())  # the case is with people already
    drafter = ExtractiveResponder(retriever, words, clock)
    if not settings.has_model:
        return Briefing(drafter=drafter)
    from core.agent.summarizing import ModelSummarizer

    model = make_model(settings, clock, metrics, closing)
    return Briefing(ModelSummarizer(model, clock, settings.company_name), drafter)


def make_translator(settings: Settings, clock: Clock, metrics: Metrics, closing: AsyncExitStack) -> Translator | None:
    """What puts customers and staff into each other's language, where that is wanted."""
    if not settings.desk_translate:
        return None
    from core.agent.translating import ModelTranslator

    return ModelTranslator(make_model(settings, clock, metrics, closing), clock, settings.company_name)


def make_drafter(settings: Settings, clock: Clock, metrics: Metrics, closing: AsyncExitStack) -> Drafter | None:
    """What puts the answers of staff into words for everybody, where there are staff to learn from and a model."""
    if not (settings.desk_learn and settings.has_model and is_staffed(settings)):
        return None
    from core.agent.drafting import ModelDrafter

    return ModelDrafter(make_model(settings, clock, metrics, closing), clock, settings.company_name)


def make_model(settings: Settings, clock: Clock, metrics: Metrics, closing: AsyncExitStack) -> ChatModel:
    """The language model, counted. It is closed with ``closing``."""
    from core.llm.openai_chat import OpenAIChat

    model = OpenAIChat(chat_settings(settings), clock)
    closing.push_async_callback(model.aclose)
    return MeasuredModel(model, metrics)


def chat_settings(settings: Settings) -> OpenAIChatSettings:
    """Where the model is."""
    if settings.azure_openai_endpoint:
        deployment = settings.azure_openai_deployment or ""
        keys = secrets_of(settings.azure_openai_api_key)
        azure = AzureDeployment(settings.azure_openai_endpoint, deployment, settings.azure_openai_api_version)
        return OpenAIChatSettings(model=deployment, api_key=keys[0], azure=azure)
    keys = secrets_of(settings.openai_api_key)
    return OpenAIChatSettings(
        model=settings.openai_model, api_key=keys[0] if keys else None, base_url=settings.openai_base_url
    )


def make_failure(settings: Settings) -> Callable[[TurnState], Reply]:
    """The honest message for a turn that cannot be completed, in the customer's language."""

    def failure(turn: TurnState) -> Reply:
        texts = texts_for(turn, settings.company_name)
        return Reply(texts.say("failure"), MessageKind.FAILURE, offers_person=True)

    return failure
