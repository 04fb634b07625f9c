"""The words of a question that say what it is about, and how much two questions share of them."""

from __future__ import annotations

import functools

from knowledge.search.language import function_words, language_of
from knowledge.search.wording import stems, words_of

_SHORT = "en"
"""The language of a question that is too short to tell."""


@functools.lru_cache(maxsize=8192)
def content_words(text: str) -> frozenset[str]:
    """Stems of the words that are no mere grammar in the question's language; all of them where nothing else is left."""
    words = words_of(text)
    language = language_of(words)
    grammar = function_words().get(language, frozenset()) if language else _anywhere()
    said = [word for word in words if word not in grammar and (len(word) > 1 or not word.isascii())]
    return frozenset(stems(said or words, language or _SHORT))


@functools.cache
def _anywhere() -> frozenset[str]:
    return frozenset().union(*function_words().values())


def shared(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0 to 1: how much of what both say is the same (Jaccard)."""
    both = one | other
    return len(one & other) / len(both) if both else 0.0
