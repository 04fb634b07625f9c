"""Searching while the hub reads its documents for the first time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace

from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience, Retrieval
from core.ports.metrics import Metrics, Timing
from core.ports.retriever import Retriever


@dataclass(slots=True)
class FirstIndexRun:
    """How far the hub has come with reading its documents since it started.

    - ``is_started``: sources are configured, and there is an index to search.
    - ``is_running``: the first run over all sources is under way.
    - ``has_documents``: the index holds at least one.
    - ``leaving``: documents that this run takes out of the index, by their ids; until it has, they answer nothing.
    - ``was_read``: set once the sources on this machine were read, or had to be put off.
    """

    is_started: bool = False
    is_running: bool = False
    has_documents: bool = False
    leaving: frozenset[str] = frozenset()
    was_read: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_incomplete(self) -> bool:
        """Not all documents were read yet, or none is there yet: that nothing is found proves nothing."""
        return self.is_running and not (self.was_read.is_set() and self.has_documents)


class RetrieverDuringFirstRun:
    """Implements core.ports.retriever.Retriever. Where nothing is found before all is read, it raises KnowledgeUnavailable."""

    def __init__(
        self, retriever: Retriever, first_run: FirstIndexRun, metrics: Metrics, reranked: Retriever | None = None
    ) -> None:
        self._retriever = retriever
        self._reranked = reranked
        self._metrics = metrics
        self._first_run = first_run

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        """See Retriever.retrieve."""
        if not self._first_run.is_started:
            return Retrieval((), threshold=1.0)
        began = time.perf_counter()
        retriever = self._reranked or self._retriever
        found = await retriever.retrieve(query, limit=limit, category=category, language=language, audience=audience)
        self._metrics.observe(Timing.RETRIEVAL, time.perf_counter() - began)
        if self._first_run.is_running and self._first_run.leaving:
            staying = (one for one in found.passages if one.document_id not in self._first_run.leaving)
            found = replace(found, passages=tuple(staying))
        if not found.supported and self._first_run.is_incomplete:
            raise KnowledgeUnavailable("The documents are still being read.")
        return found

    async def ready(self) -> bool:
        """See Retriever.ready."""
        return not self._first_run.is_incomplete and await self._retriever.ready()
