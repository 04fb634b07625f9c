"""The search of a hub whose documents may still be being read."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience, Retrieval
from core.ports.metrics import Metrics, Timing
from core.ports.retriever import Retriever


@dataclass(slots=True)
class Filling:
    """How far the configured documents were read since the start of the hub.

    ``is_started``: there is something to search; without sources nothing is, on purpose. ``is_running``: the first run over
    all of them. ``was_read``: what lies on this machine was, or has to wait.
    """

    is_started: bool = False
    is_running: bool = False
    has_documents: bool = False
    was_read: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def goes_on(self) -> bool:
        """Documents were not all read yet, or none are there yet: finding nothing says nothing."""
        return self.is_running and not (self.was_read.is_set() and self.has_documents)


class FilledRetriever:
    """Implements core.ports.retriever.Retriever; finding nothing says nothing while documents are still being read."""

    def __init__(
        self, retriever: Retriever, filling: Filling, metrics: Metrics, reranked: Retriever | None = None
    ) -> None:
        self._retriever = retriever
        self._reranked = reranked
        self._metrics = metrics
        self._filling = filling

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
        if not self._filling.is_started:
            return Retrieval((), threshold=1.0)
        began = time.perf_counter()
        retriever = self._reranked or self._retriever
        found = await retriever.retrieve(query, limit=limit, category=category, language=language, audience=audience)
        self._metrics.observe(Timing.RETRIEVAL, time.perf_counter() - began)
        if not found.supported and self._filling.goes_on:
            raise KnowledgeUnavailable("The documents are still being read.")
        return found

    async def ready(self) -> bool:
        """See Retriever.ready."""
        return not self._filling.goes_on and await self._retriever.ready()
