"""Finds passages of the company's documents."""

from __future__ import annotations

from typing import Protocol

from core.domain.knowledge import KnowledgeAudience, Retrieval


class Retriever(Protocol):
    """``retrieve`` gives passages best first. Raises KnowledgeUnavailable; an empty result means: nothing indexed fits.

    ``language`` (``de``; of ``pt-BR`` its first two letters) leaves out what is known to be in another one; what no source
    and no document says a language of stays in.
    """

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval: ...

    async def ready(self) -> bool:
        """Whether a search would be answered now (the model is loaded)."""
