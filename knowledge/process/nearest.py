"""The nearest passages of an epoch by cosine: every vector is looked at, so nothing near is ever missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.index.records import category_key
from knowledge.search.corpus import Corpus, Filters


def nearest(corpus: Corpus, vector: NDArray[np.float32], filters: Filters, limit: int) -> list[Passage]:
    """Passages by falling cosine. What the filters leave out has no score at all."""
    allowed = ~corpus.staff_only if filters.audience is KnowledgeAudience.PUBLIC else np.ones_like(corpus.staff_only)
    if filters.category:
        number = corpus.categories.get(category_key(filters.category), -2)
        allowed &= corpus.category_of == number
    if not allowed.any() or not len(corpus.vectors):
        return []
    scores = np.full(len(allowed), -np.inf, np.float32)
    np.maximum.at(scores, corpus.passage_of, (corpus.vectors @ vector)[corpus.vector_of])
    scores[~allowed] = -np.inf
    best = [int(row) for row in np.argsort(-scores, kind="stable")[:limit] if np.isfinite(scores[row])]
    found = corpus.passages(best)
    return [replace(passage, score=float(scores[row])) for passage, row in zip(found, best, strict=True)]
