"""Two corpora as one, in memory: what is in the index, and beside it what may be one day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import Passage
from knowledge.search.corpus import Corpus, PassageText


@dataclass(frozen=True, slots=True)
class JoinedCorpus:
    """See knowledge.search.corpus.Corpus. Rows of the second follow those of the first."""

    first: Corpus
    second: Corpus
    epoch: int
    vectors: NDArray[np.float32]
    vector_of: NDArray[np.int32]
    passage_of: NDArray[np.int32]
    document_of: NDArray[np.int32]
    category_of: NDArray[np.int32]
    language_of: NDArray[np.int32]
    staff_only: NDArray[np.bool_]
    categories: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)

    def texts(self) -> Iterator[PassageText]:
        """The words of every passage."""
        return chain(self.first.texts(), self.second.texts())

    def passages(self, rows: Sequence[int]) -> Sequence[Passage]:
        """What is returned."""
        own = len(self.first.document_of)
        mine = [row for row in rows if row < own]
        others = [row for row in rows if row >= own]
        found = dict(zip(mine, self.first.passages(mine), strict=True)) if mine else {}
        found |= zip(others, self.second.passages([row - own for row in others]), strict=True)
        return [found[row] for row in rows]


def joined(first: Corpus, second: Corpus) -> JoinedCorpus:
    """``second`` without categories and languages of its own."""
    passages, documents = len(first.document_of), int(first.document_of.max(initial=-1)) + 1
    unsaid = np.full(len(second.document_of), -1, np.int32)
    return JoinedCorpus(
        first=first,
        second=second,
        epoch=first.epoch,
        vectors=np.concatenate([first.vectors, second.vectors]) if len(first.vectors) else second.vectors,
        vector_of=np.concatenate([first.vector_of, second.vector_of + len(first.vectors)]),
        passage_of=np.concatenate([first.passage_of, second.passage_of + passages]),
        document_of=np.concatenate([first.document_of, second.document_of + documents]),
        category_of=np.concatenate([first.category_of, unsaid]),
        language_of=np.concatenate([first.language_of, unsaid]),
        staff_only=np.concatenate([first.staff_only, second.staff_only]),
        categories=dict(first.categories),
        languages=dict(first.languages),
    )
