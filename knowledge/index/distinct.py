"""Keeps what says the same over and over out of the vectors.

Chroma's graph of neighbours falls apart around hundreds of equal vectors: a search that enters among them finds no way out,
and every question is answered with them, however far off they are. A log or a form with thousands of equal lines would do it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Chunk

_MOST_ALIKE = 4
"""Passages that read differently may be embedded alike (two links with one label). No answer quotes more than a few."""


def distinct(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Each passage once, at its first place, and each text of a vector a few times at most."""
    seen: set[tuple[KnowledgeAudience, str, tuple[str, ...]]] = set()
    alike: Counter[tuple[KnowledgeAudience, str]] = Counter()
    found: list[Chunk] = []
    for chunk in chunks:
        same = (chunk.audience, chunk.content, chunk.embedded)
        texts = tuple(text for text in chunk.embedded if alike[chunk.audience, text] < _MOST_ALIKE)
        if same in seen or not texts:
            continue
        seen.add(same)
        alike.update((chunk.audience, text) for text in texts)
        found.append(replace(chunk, embedded=texts))
    return found
