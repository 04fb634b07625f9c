"""One epoch of the knowledge in numbers: all that a search looks at, before it reads the few passages that it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_MIX = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: numbers that are multiplied by it (and wrap around) are spread over all of 64 bits."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """Rows of passages follow documents, and inside one the order of reading.

    A record is one embedded text that leads to a passage; ``vectors`` has one row for each text, however many documents hold it.
    """

    vectors: NDArray[np.float32]
    """(vectors, dimensions), each of length 1."""
    vector_of: NDArray[np.int32]
    """(records,) the row in ``vectors``."""
    passage_of: NDArray[np.int32]
    """(records,) the row of the passage, rising."""
    document_of: NDArray[np.int32]
    """(passages,) the number of the document, rising from 0 without gaps."""
    category_of: NDArray[np.int32]
    """(passages,) a number of ``categories``, -1 for none."""
    language_of: NDArray[np.int32]
    """(passages,) a number of ``languages``, -1 for a passage whose language nobody said."""
    staff_only: NDArray[np.bool_]
    """(passages,) never shown to a customer."""
    categories: Mapping[str, int] = field(default_factory=dict)
    """The key of each category (``category_key``) and its number."""
    languages: Mapping[str, int] = field(default_factory=dict)
    """Two-letter codes (ISO 639-1) and their numbers."""

    @cached_property
    def first_of(self) -> NDArray[np.int64]:
        """The first record of each passage that has any: what belongs to a passage stands together."""
        return np.flatnonzero(np.diff(self.passage_of, prepend=-1))

    @cached_property
    def texts(self) -> NDArray[np.uint64]:
        """(passages,) equal for those that are embedded from the very same texts: they say the same."""
        found = np.arange(len(self.document_of), dtype=np.uint64)  # none of its texts has a vector: like nothing else
        if len(self.vector_of):
            mixed = (self.vector_of.astype(np.uint64) + np.uint64(1)) * _MIX
            mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
            found[self.passage_of[self.first_of]] = np.add.reduceat(mixed, self.first_of)
        return found

    @cached_property
    def _by_text(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        order = np.argsort(self.texts, kind="stable")
        return order, self.texts[order]

    def same_as(self, row: int) -> NDArray[np.int64]:
        """The rows that say what this one says, itself among them, rising: found without looking at all others."""
        order, texts = self._by_text
        text = self.texts[row]
        return order[np.searchsorted(texts, text, "left") : np.searchsorted(texts, text, "right")]

    def followed_by(self, other: Arrays) -> Arrays:
        """These and, behind them, the rows of another one, without categories and languages of its own."""
        passages, documents = len(self.document_of), int(self.document_of.max(initial=-1)) + 1
        unsaid = np.full(len(other.document_of), -1, np.int32)
        return Arrays(
            vectors=np.concatenate([self.vectors, other.vectors]) if len(self.vectors) else other.vectors,
            vector_of=np.concatenate([self.vector_of, other.vector_of + len(self.vectors)]),
            passage_of=np.concatenate([self.passage_of, other.passage_of + passages]),
            document_of=np.concatenate([self.document_of, other.document_of + documents]),
            category_of=np.concatenate([self.category_of, unsaid]),
            language_of=np.concatenate([self.language_of, unsaid]),
            staff_only=np.concatenate([self.staff_only, other.staff_only]),
            categories=self.categories,
            languages=self.languages,
        )
