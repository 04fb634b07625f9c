"""Finds passages of the company's documents, and puts those that were found in order."""

from __future__ import annotations

from collections.abc import Sequence
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


class Reranker(Protocol):
    """``rerank`` gives one finite number for each passage, in their order; the higher, the better it fits.

    Whatever it raises, and when it takes too long, the order of the search stays. Close it with ``aclose`` where it has that.
    """

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]: ...
