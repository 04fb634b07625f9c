"""Keeps what a document says over and over to once: a log or a form may have thousands of equal lines."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Chunk


def distinct(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Each passage once, at its first place. What reads differently stays, also if it is embedded alike (links of a label)."""
    seen: set[tuple[KnowledgeAudience, str, tuple[str, ...]]] = set()
    found: list[Chunk] = []
    for chunk in chunks:
        same = (chunk.audience, chunk.content, chunk.embedded)
        if same not in seen:
            seen.add(same)
            found.append(chunk)
    return found
