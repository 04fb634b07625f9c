"""One search: how near each passage is to the question, by meaning and by words, exact and in one go over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.index.records import category_key
from knowledge.search.arrays import Arrays
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.language import primary
from knowledge.search.words import WordIndex

_LOOKED_AT, _MOST_LOOKED_AT = 3, 48
"""Candidates for each place in the list, of which passages with equal words fall together; more where too few are left."""
_MOST_SOURCES = 20
"""Further documents that are named where they hold the same passage."""
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
    arrays = corpus.arrays
    allowed = admitted(arrays, filters)
    if limit < 1 or not allowed.any():
        return []
    cosines = nearness(arrays, vector)
    if words is not None:
        named = words.named(question)
        cosines[named] += _NAMED * (1 - cosines[named])
    ranks = cosines + words.scores(question) if words is not None else cosines.copy()
    ranks[~allowed] = -np.inf
    document_of = words.document_of if words is not None else arrays.document_of
    wanted = limit * _LOOKED_AT
    while True:
        best = _best(ranks, allowed, arrays.texts, wanted)
        alike = partial(_alike, allowed=allowed, arrays=arrays)
        found = _told_once(corpus, _spread(best, ranks, document_of), alike, cosines, filters, limit)
        if len(found) == limit or len(best) < wanted or wanted >= limit * _MOST_LOOKED_AT:
            return found
        wanted *= 4


def admitted(arrays: Arrays, filters: Filters) -> NDArray[np.bool_]:
    """(passages,) which of them may be found."""
    staff = filters.audience is KnowledgeAudience.STAFF
    allowed = np.ones(len(arrays.staff_only), np.bool_) if staff else ~np.asarray(arrays.staff_only)
    if filters.category:
        allowed &= arrays.category_of == arrays.categories.get(category_key(filters.category), -2)
    if filters.language:
        allowed &= (arrays.language_of < 0) | (
            arrays.language_of == arrays.languages.get(primary(filters.language) or "", -2)
        )
    return allowed


def nearness(arrays: Arrays, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """(passages,) the cosine of the nearest text that leads to each. What a model failed to make (NaN) is near nothing."""
    found = np.full(len(arrays.document_of), -1.0, np.float32)
    if not len(arrays.vector_of):
        return found
    of_texts = (arrays.vectors @ np.asarray(vector, np.float32))[arrays.vector_of]
    found[arrays.passage_of[arrays.first_of]] = np.fmax.reduceat(of_texts, arrays.first_of)
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


def _alike(row: int, allowed: NDArray[np.bool_], arrays: Arrays) -> list[int]:
    """The row and others that say the same, of as many documents as are named as its sources."""
    same = arrays.same_as(row)
    if len(same) == 1:
        return [row]
    same = same[allowed[same] & (same != row)]
    _, first = np.unique(arrays.document_of[same], return_index=True)
    return [row, *same[np.sort(first)][:_MOST_SOURCES].tolist()]


def _told_once(
    corpus: Corpus,
    best: Sequence[int],
    alike: Callable[[int], list[int]],
    cosines: NDArray[np.float32],
    filters: Filters,
    limit: int,
) -> list[Passage]:
    """The passages of the first rows; equal texts once, with every source that holds them.

    Here is the last place to look at for whom each is: it may have been closed since the epoch began.
    """
    found: dict[tuple[str, str | None], Passage] = {}
    for start in range(0, len(best), limit):
        if len(found) >= limit:
            break
        rows = [row for first in best[start : start + limit] for row in alike(first)]
        for row, passage in zip(rows, corpus.passages(rows), strict=True):
            if passage.audience is KnowledgeAudience.STAFF and filters.audience is not KnowledgeAudience.STAFF:
                continue
            same = (passage.content, passage.answer)
            if same not in found:
                found[same] = replace(passage, score=float(cosines[row]))
            elif passage.source not in ((first := found[same]).source, *first.also):
                found[same] = replace(first, also=(*first.also, passage.source))
    return list(found.values())[:limit]
