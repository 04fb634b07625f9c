"""Searching the knowledge base from a turn: waits a bounded time while its model is still loading."""

from __future__ import annotations

from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import Retrieval
from core.ports.clock import Clock
from core.ports.retriever import Retriever


class Lookup:
    """``find`` answers like the retriever, but asks again for ``wait`` seconds before KnowledgeUnavailable is final."""

    def __init__(self, retriever: Retriever, clock: Clock, *, limit: int, wait: float, poll: float) -> None:
        self._retriever = retriever
        self._clock = clock
        self._limit = limit
        self._wait = wait
        self._poll = poll

    async def find(self, query: str, *, category: str | None = None, wait: bool = True) -> Retrieval:
        """Passages for a question. Raises KnowledgeUnavailable."""
        deadline = self._clock.monotonic() + (self._wait if wait else 0.0)
        while True:
            try:
                return await self._retriever.retrieve(query, limit=self._limit, category=category)
            except KnowledgeUnavailable:
                if self._clock.monotonic() + self._poll > deadline:
                    raise
                await self._clock.sleep(self._poll)
