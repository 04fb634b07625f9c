"""Which language a text is in, as far as stemming needs to know: told by its commonest words, or by nothing.

A wrong guess costs a stem, not an answer, and a question of three words often holds no hint. So "not sure" is a result.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_HINTS_OF_A_QUESTION = 2
HINTS_OF_A_PASSAGE = 4
"""Code and tables hold words of every language by chance."""


@functools.cache
def function_words() -> dict[str, frozenset[str]]:
    """The words of each language that say little by themselves, accents kept."""
    lists = json.loads(Path(__file__).with_name("function_words.json").read_text("utf-8"))
    return {language: frozenset(words.split()) for language, words in lists.items()}


@functools.cache
def _languages_of() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for language, words in function_words().items():
        for word in words:
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


def language_of(words: Iterable[str], least: int = _HINTS_OF_A_QUESTION) -> str | None:
    """The language whose function words are clearly the most, of lower-case ``words``; None when it cannot be told.

    A word that is of one language alone counts as two hints; there must be ``least``.
    """
    known = _languages_of()
    hints: Counter[str] = Counter()
    for word in words:
        languages = known.get(word, ())
        for language in languages:
            hints[language] += 2 if len(languages) == 1 else 1
    ranked = hints.most_common(2)
    if not ranked or ranked[0][1] < least:
        return None
    if len(ranked) == 2 and ranked[1][1] == ranked[0][1]:
        return None
    return ranked[0][0]


def primary(tag: str | None) -> str | None:
    """ "pt" of "pt-BR"; None of nothing."""
    return tag.replace("_", "-").partition("-")[0].lower() or None if tag else None
