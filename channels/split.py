"""Cuts a long text into pieces that a channel takes, where a reader would cut it, losing nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

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
    bounds = [match.end() for match in _GRAPHEME.finditer(text)]
    while start < len(text):
        end = _cut(text, start, bounds, limit, size)
        pieces.append(text[start:end])
        start = end
    return pieces


def _cut(text: str, start: int, bounds: Sequence[int], limit: int, size: Callable[[str], int]) -> int:
    first = bisect_right(bounds, start)
    # By bisection over a size that only grows: ``fitting`` is the first boundary that does not fit.
    within = min(len(bounds), first + limit)
    fitting = bisect_right(bounds, limit, first, within, key=lambda end: size(text[start:end]))
    if fitting == first:
        ends = range(start + 2, min(bounds[first], start + limit) + 1)
        return start + 1 + bisect_right(ends, limit, key=lambda end: size(text[start:end]))
    furthest = bounds[fitting - 1]
    if furthest == len(text):
        return furthest
    return _nicest(text, start, furthest, set(bounds[first:fitting])) or furthest


def _nicest(text: str, start: int, furthest: int, allowed: set[int]) -> int | None:
    earliest = start + (furthest - start) * _FAR_ENOUGH
    for pattern in _BREAKS:
        ends = (match.end() for match in pattern.finditer(text, start, furthest))
        last = max((end for end in ends if end in allowed), default=start)
        if last > earliest:
            return last
    return None
