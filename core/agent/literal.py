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
_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f])")
_SIGN = re.compile(r"[%٪$€£¥₹+<>=≤≥−]|(?<!\w)-(?=\d)")
_FEWEST = 4
"""Words. Fewer ("yes", "on request") may stand anywhere and mean anything."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared; scripts without spaces by characters."""
    return tuple(_WORD.findall(_DENSE.sub(r" \1 ", fold(text))))


def statements(text: str) -> Iterator[tuple[str, ...]]:
    """The words of each sentence of a text."""
    for sentence in sentences(text):
        found = words(_LIST_MARK.sub("", sentence))
        if len(found) >= _FEWEST:
            yield found


def statement_key(sentence: str) -> tuple[str, ...]:
    """The same of one sentence of an answer; empty when it is too short to be told from others."""
    found = words(_LIST_MARK.sub("", sentence))
    return found if len(found) >= _FEWEST else ()
