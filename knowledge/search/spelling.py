"""Mends typing errors in a question by the words of the knowledge: "refnud" is "refund", "invoces" are "invoices".

Only words that are in no list are touched: not in the documents, no function word, and none that the embedding model knows as
one piece. Each is compared with the words of about its length, of which a sum over letters leaves a few.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST, _LONGEST = 3, 24
_TWO_ERRORS = 7
"""Letters of a word from which on two errors are mended."""
_MOST_WORDS = 40_000
"""The commonest words of the knowledge; each takes about 100 bytes."""
_MOST_MENDED = 12
"""Words of one question."""
_MOST_COMPARED = 200
_A = ord("a")
_LETTERS = 26


@dataclass(frozen=True, slots=True)
class Spelling:
    """``words`` with the commonest first; ``letters`` says of each which letters it holds, one bit for each."""

    words: tuple[str, ...]
    letters: NDArray[np.uint32]
    lengths: NDArray[np.int8]
    known: frozenset[str]

    @classmethod
    def of(cls, words: Iterable[str]) -> Spelling:
        """``words``: those of the knowledge, the commonest first."""
        kept = [word for word in words if word.isalpha() and _SHORTEST <= len(word) <= _LONGEST][:_MOST_WORDS]
        letters = np.array([_letters(word) for word in kept], np.uint32)
        return cls(tuple(kept), letters, np.array([len(word) for word in kept], np.int8), frozenset(kept))

    def mended(self, text: str, is_word: Callable[[str], bool]) -> str:
        """The text with likely typing errors mended. ``is_word``: what is spelled well though the knowledge lacks it."""
        tried = 0

        def mend(match: re.Match[str]) -> str:
            nonlocal tried
            word = match.group().lower()
            if not _SHORTEST <= len(word) <= _LONGEST or word in self.known or is_word(word) or tried >= _MOST_MENDED:
                return match.group()
            tried += 1
            return self._nearest(word) or match.group()

        return _WORD.sub(mend, text)

    def _nearest(self, word: str) -> str | None:
        most = 2 if len(word) >= _TWO_ERRORS else 1
        found = ((_distance(word, self.words[place], most), place) for place in self._candidates(word, most))
        best = min((each for each in found if each[0] <= most), default=None)
        return None if best is None else self.words[best[1]]

    def _candidates(self, word: str, most: int) -> Sequence[int]:
        """Places of words of about the same length and letters; a first letter is rarely wrong."""
        apart = np.bitwise_count(self.letters ^ np.uint32(_letters(word)))
        near = (np.abs(self.lengths - len(word)) <= most) & (apart <= 2 * most)
        places = [int(place) for place in np.flatnonzero(near) if self.words[place][0] == word[0]]
        return places[:_MOST_COMPARED]


def _letters(word: str) -> int:
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) - _A) % _LETTERS
    return bits


def _distance(one: str, other: str, most: int) -> int:
    """Letters added, left out, exchanged or swapped with their neighbour (optimal string alignment); above ``most``, more."""
    if one == other:
        return 0
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        last, before, row = before, row, [at]
        for beside, wanted in enumerate(other, 1):
            cost = min(before[beside] + 1, row[beside - 1] + 1, before[beside - 1] + (letter != wanted))
            if last and beside > 1 and letter == other[beside - 2] and one[at - 2] == wanted:
                cost = min(cost, last[beside - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
