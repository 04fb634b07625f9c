"""Cuts a long text into pieces that a channel takes, where a reader would cut it, losing nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

import regex

_GRAPHEME = regex.compile(r"\X")
_BREAKS: tuple[regex.Pattern[str], ...] = (
    regex.compile(r"\n[^\S\n]*+\n\s*"),
    regex.compile(r"\n+"),
    regex.compile(r"(?<![.!?…؟])[.!?…؟]++[\"'”’»)\]]*+\s+|[。！？]++[」』）]*+\s*"),
    regex.compile(r"\s+"),
)
"""Paragraph, line, sentence, word: the first kind that occurs far enough into a piece is taken."""
_FAR_ENOUGH = 0.5


def split(text: str, limit: int, *, size: Callable[[str], int] = len) -> list[str]:
    """Pieces that join back to exactly ``text``, none larger than ``limit`` in the unit of ``size``.

    ``size`` must not shrink when text is appended. A piece never ends inside a grapheme cluster (Unicode UAX 29), except
    inside one that is larger than the limit by itself. At least one piece, so an empty text gives one empty piece.
    """
    if limit < 1:
        raise ValueError("The limit is at least 1.")
    if size(text) <= limit:
        return [text]
    pieces: list[str] = []
    start = 0
    bounds = _boundaries(text)
    while start < len(text):
        end = _cut(text, start, bounds, limit, size)
        pieces.append(text[start:end])
        start = end
    return pieces


def _boundaries(text: str) -> list[int]:
    return [match.end() for match in _GRAPHEME.finditer(text)]


def _cut(text: str, start: int, bounds: Sequence[int], limit: int, size: Callable[[str], int]) -> int:
    first = bisect_right(bounds, start)
    # The number of boundaries that fit, by bisection over a size that only grows.
    low, high = first, min(len(bounds), first + limit)
    while low < high:
        middle = (low + high) // 2
        if size(text[start : bounds[middle]]) <= limit:
            low = middle + 1
        else:
            high = middle
    if low == first:
        return _inside_cluster(text, start, bounds[first], limit, size)
    furthest = bounds[low - 1]
    if furthest == len(text):
        return furthest
    return _nicest(text, start, furthest, set(bounds[first:low])) or furthest


def _nicest(text: str, start: int, furthest: int, allowed: set[int]) -> int | None:
    earliest = start + (furthest - start) * _FAR_ENOUGH
    for pattern in _BREAKS:
        found = _last(match.end() for match in pattern.finditer(text, start, furthest) if match.end() in allowed)
        if found is not None and found > earliest:
            return found
    return None


def _last(ends: Iterable[int]) -> int | None:
    found = None
    for found in ends:  # noqa: B007 - the last one is what is wanted
        pass
    return found


def _inside_cluster(text: str, start: int, end: int, limit: int, size: Callable[[str], int]) -> int:
    low, high = start + 1, max(start + 1, min(end, start + limit))
    while low < high:
        middle = (low + high + 1) // 2
        if size(text[start:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low
