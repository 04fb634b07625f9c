"""Whether a sentence is a source's own statement, word for word: every word, in the same order, from one end to the other.

A word more may be a condition, a word less a denial, so that near the wording is not the wording. Case, accents, punctuation and
markup do not count. No list of any language is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.agent.sentences import sentences
from core.agent.wording import fold

_LIST_MARK = re.compile(r"^\s*(?:[-*+•>]\s+|\d{1,3}[.)]\s+|#+\s+|[QA]:\s+)*")
_ITEM = re.compile(r"\s*(?:\||[-*+•]\s|\d{1,3}[.)]\s)")
_OPENING = re.compile(r"(?:[^\W\d_]{1,15}[,.!،，]\s+){1,2}")
"""\"No, ...\": what is said behind it is a statement of its own."""
_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f])")
_BETWEEN_STATEMENTS = re.compile(r"[;—–；]")
"""Not a comma, which may come before a condition, nor a colon, which may come before a quotation."""
_WRAPPED = re.compile(r"(?<=[^\s.!?:|])\n(?=[^\W\d_A-Z])")
"""A line that goes on in the next."""
_FEWEST = 4
"""Words. Fewer ("yes", "on request") may stand anywhere and mean anything."""
_FEWEST_OF_ITEM = 2
"""Of a row or a list item, which is compared as a whole."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared; scripts without spaces by characters."""
    return tuple(_WORD.findall(_DENSE.sub(r" \1 ", fold(text))))


def statements(text: str) -> Iterator[tuple[str, ...]]:
    """The words of each sentence of a text, and of each part of one that a semicolon or a dash sets off."""
    for sentence in sentences(_WRAPPED.sub(" ", text)):
        body = _LIST_MARK.sub("", sentence)
        if len(found := words(body)) >= _fewest(sentence):
            yield found
        yield from (found for part in _BETWEEN_STATEMENTS.split(body) if len(found := words(part)) >= _FEWEST)


def statement_key(sentence: str) -> tuple[str, ...]:
    """The words of one sentence of an answer; empty when it is too short to be told from others."""
    body = _LIST_MARK.sub("", sentence)
    opening = _OPENING.match(body)
    found = words(body[opening.end() :] if opening else body)
    return found if len(found) >= _fewest(sentence) else ()


def _fewest(sentence: str) -> int:
    return _FEWEST_OF_ITEM if _ITEM.match(sentence) else _FEWEST
