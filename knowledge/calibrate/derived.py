"""Questions that the passages themselves could answer, made of their sentences: what is surely in scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.chunk.plain import plain
from knowledge.chunk.sentences import sentences_of
from knowledge.search.corpus import PassageText

_SHORTEST, _LONGEST = 20, 200
MOST = 96
"""Enough for a quantile of .1, and less than half a second of the model's time."""


def derived_questions(texts: Iterable[PassageText], count: int) -> list[str]:
    """A sentence from the middle of every so many of ``count`` passages; the same ones each time."""
    step = max(1, count // MOST)
    found = (_sentence(text) for number, text in enumerate(texts) if number % step == 0)
    return [sentence for sentence in found if sentence][:MOST]


def _sentence(text: PassageText) -> str | None:
    content = text.content.partition("\n\n")[2] if text.unit else text.content
    fitting = list(_fitting(plain(content)))
    return fitting[len(fitting) // 2] if fitting else None


def _fitting(text: str) -> Iterator[str]:
    for sentence in sentences_of(text):
        words = " ".join(sentence.split())
        if _SHORTEST <= len(words) <= _LONGEST:
            yield words
