"""Questions that the passages themselves could answer, made of their sentences: what is surely in scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from heapq import nsmallest

from knowledge.chunk.plain import plain
from knowledge.chunk.sentences import sentences_of
from knowledge.search.corpus import PassageText

_SHORTEST, _LONGEST = 20, 200
MOST = 96
"""Enough for a quantile of .1, and less than half a second of the model's time."""


def derived_questions(texts: Iterable[PassageText]) -> list[str]:
    """A sentence from the middle of some passages: the same ones wherever the documents lie and in whatever order they come."""
    chosen = nsmallest(MOST, texts, key=lambda text: sha256(text.content.encode("utf-8", "surrogatepass")).digest())
    return [sentence for text in chosen if (sentence := _sentence(text))]


def _sentence(text: PassageText) -> str | None:
    content = text.content.partition("\n\n")[2] if text.unit else text.content
    fitting = list(_fitting(plain(content)))
    return fitting[len(fitting) // 2] if fitting else None


def _fitting(text: str) -> Iterator[str]:
    for sentence in sentences_of(text):
        words = " ".join(sentence.split())
        if _SHORTEST <= len(words) <= _LONGEST:
            yield words
