"""Two corpora as one, in memory: what is in the index, and beside it what may be one day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from core.domain.knowledge import Passage
from knowledge.search.arrays import Arrays
from knowledge.search.corpus import Corpus, PassageText


@dataclass(frozen=True, slots=True)
class JoinedCorpus:
    """See knowledge.search.corpus.Corpus. Rows of the second follow those of the first."""

    first: Corpus
    second: Corpus
    arrays: Arrays

    @property
    def epoch(self) -> int:
        """That of the first."""
        return self.first.epoch

    def texts(self) -> Iterator[PassageText]:
        """The words of every passage."""
        return chain(self.first.texts(), self.second.texts())

    def passages(self, rows: Sequence[int]) -> Sequence[Passage]:
        """What is returned."""
        own = len(self.first.arrays.document_of)
        mine = [row for row in rows if row < own]
        others = [row for row in rows if row >= own]
        found = dict(zip(mine, self.first.passages(mine), strict=True)) if mine else {}
        found |= zip(others, self.second.passages([row - own for row in others]), strict=True)
        return [found[row] for row in rows]


def joined(first: Corpus, second: Corpus) -> JoinedCorpus:
    """``second`` without categories and languages of its own."""
    return JoinedCorpus(first, second, first.arrays.followed_by(second.arrays))
