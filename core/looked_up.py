"""What a turn looked up, noted beside the responder: whichever answers, it is known what was searched for and found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.domain.knowledge import KnowledgeAudience, Retrieval
from core.ports.retriever import Retriever


@dataclass(slots=True)
class Notes:
    """Of one turn."""

    found: dict[str, Retrieval] = field(default_factory=dict)


_NOTES: ContextVar[Notes | None] = ContextVar("notes of a turn", default=None)


@contextmanager
def noting() -> Iterator[Notes]:
    """Note what is looked up inside, tasks that are begun there included."""
    notes = Notes()
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


def only_tried(query: str) -> None:
    """This was a second way to look for what another lookup of the turn stands for: it is none of its own."""
    notes = _NOTES.get()
    if notes is not None:
        notes.found.pop(query, None)


class NotingRetriever:
    """Implements Retriever: asks another, and notes what it found."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        found = await self._retriever.retrieve(
            query, limit=limit, category=category, language=language, audience=audience
        )
        notes = _NOTES.get()
        if notes is not None:
            notes.found[query] = found
        return found

    async def ready(self) -> bool:
        return await self._retriever.ready()
