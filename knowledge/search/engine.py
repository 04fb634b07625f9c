"""One search: how near each passage is to the question, by meaning and by words, exact and in one go over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.index.records import category_key
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.language import primary
from knowledge.search.words import WordIndex

_LOOKED_AT, _MOST_LOOKED_AT = 3, 48
"""Candidates for each place in the list, of which passages with equal words fall together; more where too few are left."""
_MOST_SOURCES = 20
"""Further documents that are named where they hold the same passage."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: numbers that are multiplied by it (and wrap around) are spread over all of 64 bits."""
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
    if limit < 1 or not allowed.any():
        return []
    cosines = nearness(corpus, vector)
    if words is not None:
        named = words.named(question)
        cosines[named] += _NAMED * (1 - cosines[named])
    ranks = cosines + words.scores(question) if words is not None else cosines.copy()
    ranks[~allowed] = -np.inf
    texts = _texts(corpus)
    document_of = words.document_of if words is not None else corpus.document_of
    wanted = limit * _LOOKED_AT
    while True:
        best = _best(ranks, allowed, texts, wanted)
        groups = [_alike(row, allowed, texts, corpus.document_of) for row in _spread(best, ranks, document_of)]
        found = _told_once(corpus, groups, cosines, filters, limit)
        if len(found) == limit or len(best) < wanted or wanted >= limit * _MOST_LOOKED_AT:
            return found
        wanted *= 4


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


def _texts(corpus: Corpus) -> NDArray[np.uint64]:
    """(passages,) equal for those that are embedded from the very same texts: they say the same."""
    found = np.arange(len(corpus.document_of), dtype=np.uint64)  # none of its texts has a vector: like nothing else
    if len(corpus.vector_of):
        mixed = (corpus.vector_of.astype(np.uint64) + np.uint64(1)) * _MIX
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
        starts = np.flatnonzero(np.diff(corpus.passage_of, prepend=-1))
        found[corpus.passage_of[starts]] = np.add.reduceat(mixed, starts)
    return found


def _best(
    ranks: NDArray[np.float32], allowed: NDArray[np.bool_], texts: NDArray[np.uint64], wanted: int
) -> NDArray[np.int64]:
    """The best rows in order, of those that say the same the first: a notice that stands in every page fills no list."""
    total = int(np.count_nonzero(allowed))
    count = min(total, wanted)
    best = np.argpartition(-ranks, count - 1)[:count]
    best = best[allowed[best]]  # whatever the numbers are: what may not be found is not
    if count < total and len(np.unique(texts[best])) < count:
        best = np.flatnonzero(allowed)
    best = best[np.lexsort((best, -ranks[best]))]
    _, first = np.unique(texts[best], return_index=True)
    return np.asarray(best[np.sort(first)][:wanted])


def _alike(
    row: int, allowed: NDArray[np.bool_], texts: NDArray[np.uint64], document_of: NDArray[np.int32]
) -> list[int]:
    """The row and others that say the same, of as many documents as are named as its sources."""
    same = np.flatnonzero(allowed & (texts == texts[row]))
    same = same[same != row]
    _, first = np.unique(document_of[same], return_index=True)
    return [row, *same[np.sort(first)][:_MOST_SOURCES].tolist()]


def _told_once(
    corpus: Corpus, groups: Sequence[Sequence[int]], cosines: NDArray[np.float32], filters: Filters, limit: int
) -> list[Passage]:
    """The passages of the first groups; equal texts once, with every source that holds them.

    Here is the last place to look at for whom each is: it may have been closed since the epoch began.
    """
    found: dict[tuple[str, str | None], Passage] = {}
    for start in range(0, len(groups), limit):
        if len(found) >= limit:
            break
        rows = [row for group in groups[start : start + limit] for row in group]
        for row, passage in zip(rows, corpus.passages(rows), strict=True):
            if passage.audience is KnowledgeAudience.STAFF and filters.audience is not KnowledgeAudience.STAFF:
                continue
            same = (passage.content, passage.answer)
            if same not in found:
                found[same] = replace(passage, score=float(cosines[row]))
            elif passage.source not in ((first := found[same]).source, *first.also):
                found[same] = replace(first, also=(*first.also, passage.source))
    return list(found.values())[:limit]
