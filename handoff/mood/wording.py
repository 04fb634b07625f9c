"""Text as the mood's word lists see it: folded words, where clauses end, what was shouted or drawn out."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple

_FOLD = str.maketrans({"œ": "oe", "æ": "ae", "ى": "ي", "ة": "ه", "ـ": "", "ٱ": "ا", "’": "'", "‘": "'", "ʼ": "'"})
_CONTRACTED = re.compile(r"n't\b")
_NOT = re.compile(r"N'T\b")
_DRAWN_OUT = re.compile(r"(.)\1{2,}", re.DOTALL)
_PIECE = re.compile(r"[^\W_]+|[.,;:!?…\n،؛؟。！？]")

_LONG = 40


class Word(NamedTuple):
    """``text`` folded; ``clause`` counts from 0; ``shouted``: two capitals or more; ``drawn_out``: "soooo"."""

    text: str
    clause: int
    shouted: bool = False
    drawn_out: bool = False


def fold(text: str) -> str:
    """Lower case without accents, vowel marks or compatibility forms; "don't" becomes "dont"."""
    # Marks go before the text is decomposed too: the time in which a long row of them is sorted grows with its square.
    lean = _without_marks(text.translate(_FOLD).casefold())
    bare = _without_marks(unicodedata.normalize("NFKD", lean))
    return _CONTRACTED.sub("nt", unicodedata.normalize("NFC", bare).translate(_FOLD))


def _without_marks(text: str) -> str:
    return "".join(char for char in text if not unicodedata.combining(char))


def phrase(text: str) -> tuple[str, ...]:
    """A list's entry, or a sentence, as the folded words that are compared."""
    return tuple(piece for piece in _PIECE.findall(fold(text)) if piece[0].isalnum())


def _read(piece: str) -> tuple[tuple[str, ...], bool, bool]:
    """Its folded words; whether it is shouted, and drawn out. A piece longer than words are is not worth the memory."""
    drawn_out = _DRAWN_OUT.search(piece) is not None and not piece.isdigit()
    return phrase(piece), len(piece) > 1 and piece.isupper(), drawn_out


_remembered = functools.lru_cache(maxsize=8192)(_read)


def words(text: str) -> list[Word]:
    """All words in order. Each piece is folded by itself, so that its capitals are still known."""
    found: list[Word] = []
    clause = 0
    for piece in _PIECE.findall(_CONTRACTED.sub("nt", _joined(text))):
        if not piece[0].isalnum():
            clause += 1
            continue
        parts, shouted, drawn_out = (_remembered if len(piece) <= _LONG else _read)(piece)
        found += [Word(part, clause, shouted, drawn_out) for part in parts]
    return found


def _joined(text: str) -> str:
    """Apostrophes of one kind, marks joined to their letters, and no N'T that the contraction would miss."""
    return _NOT.sub("NT", unicodedata.normalize("NFC", text).translate(_FOLD))


def squeezed(word: str, letters: int) -> str:
    """A drawn-out word with its runs cut to ``letters``: "uselesssss" needs two, "sooooo" one."""
    return _DRAWN_OUT.sub(lambda run: run[1] * letters, word)
