"""Cuts a long text into pieces that a channel takes, where a reader would cut it, losing nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

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


def split(text: str, limit: int) -> list[str]:
    """Pieces that join back to exactly ``text``, none longer than ``limit``.

    A piece never ends inside a grapheme cluster (Unicode UAX 29), except inside one that is larger than the limit by itself. At
    least one piece, so an empty text gives one empty piece.
    """
    if limit < 1:
        raise ValueError("The limit is at least 1.")
    if len(text) <= limit:
        return [text]
    pieces: list[str] = []
    start = 0
    bounds = [match.end() for match in _GRAPHEME.finditer(text)]
    while len(text) - start > limit:
        end = _cut(text, start, bounds, limit)
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def _cut(text: str, start: int, bounds: Sequence[int], limit: int) -> int:
    first, beyond = bisect_right(bounds, start), bisect_right(bounds, start + limit)
    if first == beyond:
        return start + limit
    furthest = bounds[beyond - 1]
    return _nicest(text, start, furthest, set(bounds[first:beyond])) or furthest


def _nicest(text: str, start: int, furthest: int, allowed: set[int]) -> int | None:
    earliest = start + (furthest - start) * _FAR_ENOUGH
    for pattern in _BREAKS:
        ends = (match.end() for match in pattern.finditer(text, start, furthest))
        last = max((end for end in ends if end in allowed), default=start)
        if last > earliest:
            return last
    return None
