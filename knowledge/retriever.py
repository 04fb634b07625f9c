"""Finds passages by asking the knowledge process."""

from __future__ import annotations

import asyncio
from typing import Any

from core.domain.knowledge import KnowledgeAudience, Retrieval
from knowledge.process.child import KnowledgeProcess, ProcessDied, State
from knowledge.process.wire import passage_from
from knowledge.settings import KnowledgeSettings

_LONGEST_QUERY = 4000
"""Characters; far beyond what the model reads, and short enough for the pipe."""
_MOST_PASSAGES = 50
_NOTHING = 1.0
"""The threshold of an answer that nobody looked for."""


class ProcessRetriever:
    """A Retriever. Waits for a process that is loading or was just replaced, within the time of a query."""

    def __init__(self, process: KnowledgeProcess, settings: KnowledgeSettings) -> None:
        self._process = process
        self._settings = settings

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        """Passages, best first. Raises KnowledgeUnavailable when there is no answer in time."""
        words = " ".join(query.split())[:_LONGEST_QUERY]
        if not words or limit < 1:
            return Retrieval((), self._settings.threshold or _NOTHING)
        request = {
            "op": "search",
            "query": words,
            "limit": min(limit, _MOST_PASSAGES),
            "category": category,
            "language": language,
            "audience": audience.value,
        }
        found = await self._ask(request)
        passages = tuple(passage_from(passage) for passage in found["passages"])
        chosen = None if found["read"] else self._settings.threshold  # which is a cosine
        threshold = found["threshold"] if chosen is None else chosen
        return Retrieval(
            passages,
            threshold,
            min(found["doubt"], threshold),
            talk=found["talk"],
            unknown=found["unknown"],
            languages=tuple(found["languages"]),
            read=found["read"],
        )

    async def ready(self) -> bool:
        """Whether a search would be answered now."""
        return self._process.status.state is State.READY

    async def _ask(self, request: dict[str, object]) -> dict[str, Any]:
        """A search changes nothing, so it is asked again when the process died over it, until the time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._settings.query_timeout
        while True:
            await self._process.wait_ready(max(0.0, end - loop.time()))
            try:
                found: dict[str, Any] = await self._process.call(request, max(0.05, end - loop.time()))
            except ProcessDied:
                if loop.time() >= end:
                    raise
                continue
            return found
