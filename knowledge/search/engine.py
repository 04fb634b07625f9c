"""One search: how near each passage is to the question, by meaning and by words, exact and in one go over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.index.records import category_key
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.language import primary
from knowledge.search.words import WordIndex

_LOOKED_AT = 3
"""Candidates for each place in the list, of which equal passages fall together."""
_CROWDING = 0.05
"""What the third and each further passage of a document loses, so that one document does not fill the list."""
_UNCROWDED = 2


_NAMED = 0.6
"""How far towards 1 the score goes of a passage that holds the error code or the part number of the question: to a model these
are hardly more than noise (the cosine of "err1042" to the passage that explains it is .27)."""


def search(
    corpus: Corpus,
    words: WordIndex | None,
    question: str,
    vector: NDArray[np.float32],
    filters: Filters,
    limit: int,
) -> list[Passage]:
    """Passages, best first; their score is the cosine, which says more than the words do about whether there is an answer,
    except where the question names one thing by its number.

    What the filters leave out takes no part at all. Without ``words`` (they are still being read) meaning decides alone.
    """
    allowed = admitted(corpus, filters)
    count = min(int(np.count_nonzero(allowed)), limit * _LOOKED_AT)
    if count < 1:
        return []
    cosines = nearness(corpus, vector)
    if words is not None:
        named = words.named(question)
        cosines[named] += _NAMED * (1 - cosines[named])
    ranks = cosines + words.scores(question) if words is not None else cosines.copy()
    ranks[~allowed] = -np.inf
    best = np.argpartition(-ranks, count - 1)[:count]
    best = best[allowed[best]]  # whatever the numbers are: what may not be found is not
    best = best[np.lexsort((best, -ranks[best]))]
    rows = _spread(best, ranks, words.document_of if words is not None else corpus.document_of)
    return _told_once(corpus, _distinct(corpus, rows), cosines, limit)


def admitted(corpus: Corpus, filters: Filters) -> NDArray[np.bool_]:
    """(passages,) which of them may be found."""
    staff = filters.audience is KnowledgeAudience.STAFF
    allowed = np.ones(len(corpus.staff_only), np.bool_) if staff else ~np.asarray(corpus.staff_only)
    if filters.category:
        allowed &= corpus.category_of == corpus.categories.get(category_key(filters.category), -2)
    if filters.language:
        allowed &= (corpus.language_of < 0) | (
            corpus.language_of == corpus.languages.get(primary(filters.language) or "", -2)
        )
    return allowed


def nearness(corpus: Corpus, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """(passages,) the cosine of the nearest text that leads to each. What a model failed to make (NaN) is near nothing."""
    found = np.full(len(corpus.document_of), -1.0, np.float32)
    if not len(corpus.vector_of):
        return found
    of_texts = (corpus.vectors @ np.asarray(vector, np.float32))[corpus.vector_of]
    starts = np.flatnonzero(np.diff(corpus.passage_of, prepend=-1))
    found[corpus.passage_of[starts]] = np.fmax.reduceat(of_texts, starts)
    return np.nan_to_num(found, copy=False, nan=-1.0, posinf=-1.0, neginf=-1.0)


def _spread(best: NDArray[np.int64], ranks: NDArray[np.float32], document_of: NDArray[np.int32]) -> list[int]:
    """The rows with those of a document that is there often further down."""
    seen: Counter[int] = Counter()
    moved: list[tuple[float, int]] = []
    for row in best.tolist():
        document = int(document_of[row])
        moved.append((_CROWDING * max(0, seen[document] + 1 - _UNCROWDED) - float(ranks[row]), row))
        seen[document] += 1
    return [row for _, row in sorted(moved, key=lambda each: each[0])]


def _distinct(corpus: Corpus, rows: Iterable[int]) -> list[list[int]]:
    """Rows that are embedded from the very same texts, together: they say the same."""
    found: dict[bytes, list[int]] = {}
    for row in rows:
        begin, end = np.searchsorted(corpus.passage_of, (row, row + 1))
        found.setdefault(np.sort(corpus.vector_of[begin:end]).tobytes(), []).append(row)
    return list(found.values())


def _told_once(
    corpus: Corpus, groups: Sequence[Sequence[int]], cosines: NDArray[np.float32], limit: int
) -> list[Passage]:
    """The passages of the first groups; equal texts once, with every source that holds them."""
    found: dict[tuple[str, str | None], Passage] = {}
    for start in range(0, len(groups), limit):
        if len(found) >= limit:
            break
        rows = [row for group in groups[start : start + limit] for row in group]
        for row, passage in zip(rows, corpus.passages(rows), strict=True):
            same = (passage.content, passage.answer)
            if same not in found:
                found[same] = replace(passage, score=float(cosines[row]))
            elif passage.source not in ((first := found[same]).source, *first.also):
                found[same] = replace(first, also=(*first.also, passage.source))
    return list(found.values())[:limit]
