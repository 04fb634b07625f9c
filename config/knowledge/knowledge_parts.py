"""From settings to the knowledge base and its index runs."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from config.knowledge.crawl_turns import CrawlTurns
from config.knowledge.indexing import Indexing
from config.knowledge.learned_answers import learned_file, put_right
from config.knowledge.models_folder import models_folder
from config.knowledge.reranking import own_reranker, reranking
from config.knowledge.source_jobs import SourceJobs
from config.processes.election import Election
from config.processes.environment import program_environment
from config.settings import Settings
from core.ports.learning import Learning
from core.ports.metrics import Metrics
from core.ports.tickets import ClosedTickets
from knowledge.open import SAMPLE, Knowledge, open_knowledge
from knowledge.settings import KnowledgeSettings
from knowledge.sources.options import CLOSED_TICKETS, LEARNED

NO_SOURCES = "none"
"""The value of KNOWLEDGE_SOURCES for a hub that answers without knowledge."""


class KnownToStaff(ClosedTickets, Learning, Protocol):
    """What the database holds of knowledge."""


def knowledge_settings(settings: Settings) -> KnowledgeSettings:
    """What the knowledge base needs to be told."""
    embedding_key = settings.embedding_api_key
    return KnowledgeSettings(
        directory=settings.data_dir / "chroma",
        chroma_url=settings.chroma_url,
        database_url=settings.database_url,
        embedding_model=settings.embedding_model,
        embedding_precision=settings.embedding_precision,
        sample=SAMPLE if sample_stands_in(settings) is not None else None,
        models=models_folder(settings),
        embedding_url=settings.embedding_base_url,
        embedding_key=embedding_key.get_secret_value() if embedding_key is not None else None,
        embedding_dimensions=settings.embedding_dimensions,
        embedding_limit=settings.embedding_limit,
        mask_personal_data=settings.mask_personal_data,
        reranker_model=own_reranker(settings),
        reranker_seconds=settings.reranker_seconds,
        query_prompt=settings.embedding_query_prompt,
        document_prompt=settings.embedding_document_prompt,
        threshold=settings.knowledge_threshold,
        labelled=settings.knowledge_labelled,
        regression=settings.knowledge_regression,
        environment=program_environment(),
        sources=tuple(source.to_options() for source in settings.knowledge_source),
        max_file_bytes=settings.knowledge_max_file_bytes,
        mirrors=settings.data_dir / "knowledge" / "sources",
        learned=learned_file(settings),
    )


def make_knowledge(settings: Settings) -> Knowledge:
    """Not started yet."""
    return open_knowledge(knowledge_settings(settings))


def make_indexing(
    settings: Settings,
    knowledge: Knowledge,
    metrics: Metrics,
    election: Election,
    jobs: SourceJobs | None = None,
    store: KnownToStaff | None = None,
) -> Indexing:
    """Index runs over what is configured. Where several processes share an index, one at a time writes it.

    ``election``: of the processes that share the database, whether they share the index or not. ``store``: None where the
    database is away.
    """
    sources = knowledge_sources(settings)
    if store is not None and CLOSED_TICKETS in sources:
        from config.knowledge.ticket_source import TicketReader  # which few hubs need

        knowledge.refresh.read_tickets_with(TicketReader(store))
    return Indexing(
        knowledge,
        sources,
        metrics,
        stand_in=sample_stands_in(settings),
        shared=settings.chroma_url is not None,
        election=election if settings.chroma_url else None,
        turns=CrawlTurns(election, tuple(source.to_options() for source in settings.knowledge_source)),
        rerank=reranking(settings, metrics),
        jobs=jobs,
        before=partial(put_right, store, learned_file(settings)) if store is not None and LEARNED in sources else None,
    )


def knowledge_sources(settings: Settings) -> tuple[str, ...]:
    """The paths to index; ``sample`` stands for the documents that come with the hub. What staff approved is one of them."""
    described = tuple(source.to_options().root for source in settings.knowledge_source)
    sample_alone = settings.knowledge_sources == ("sample",)  # the default, which gives way to a company's own
    listed = () if described and sample_alone else (one for one in settings.knowledge_sources if one != NO_SOURCES)
    learned = (LEARNED,) if learned_file(settings).is_file() else ()
    return (*(str(SAMPLE) if source == "sample" else source for source in listed), *described, *learned)


def sample_stands_in(settings: Settings) -> str | None:
    """The sample's place where nothing but it is configured: it gives way to documents that somebody names."""
    return str(SAMPLE) if settings.knowledge_sources == ("sample",) and not settings.knowledge_source else None
