"""The knowledge as a web process sees it: the index is with the workers."""

from __future__ import annotations

from typing import NoReturn

from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience


class ElsewhereRetriever:
    """Implements core.ports.retriever.Retriever. An empty result would claim that there is nothing to find."""

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> NoReturn:
        """Raises KnowledgeUnavailable, always."""
        raise KnowledgeUnavailable("This process serves the web only; the index is searched by the workers.")

    async def ready(self) -> bool:
        """Never, here."""
        return False
