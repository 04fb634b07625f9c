"""Text reduced to what comparisons need: no case, no accents, no punctuation; words; crude stems."""

from __future__ import annotations

import functools
import re
import unicodedata

from core.agent.language import function_words, unaccented

CLAUSE = "|"
_CLAUSE_MARKS = re.compile(r"[.,;:!?…\n،؛؟。，！？、；：—]+")
_NOT_A_WORD = re.compile(r"[^\w|]+|_+")
_WORD = re.compile(r"[^\W_]+")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+")
_FOLD = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "œ": "oe", "æ": "ae", "ى": "ي", "ة": "ه", "ـ": "", "ٱ": "ا"}
)
_ENDINGS = ("ings", "ing", "ies", "ied", "ers", "ed", "es", "en", "er", "y", "e", "s", "n")


def fold(text: str) -> str:
    """Lower case without accents or compatibility forms, so that "Réunion" meets "reunion". Keeps punctuation."""
    return unicodedata.normalize("NFC", unaccented(text)).translate(_FOLD)


def plain(text: str) -> str:
    """Folded words with one space between them; clause marks become " | " so that phrases never reach over them."""
    marked = _CLAUSE_MARKS.sub(f" {CLAUSE} ", fold(text))
    return " ".join(_NOT_A_WORD.sub(" ", marked).split())


def phrase(text: str) -> str:
    """One line of words without clause marks: the form in which phrases of the language files are compared."""
    return " ".join(_WORD.findall(fold(text)))


@functools.lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A folded word without its commonest ending. Crude on purpose: both sides of a comparison go through it."""
    bare = word.removeprefix("ال") if len(word) > 4 else word
    if bare.isdigit():
        return bare
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            bare = bare[: -len(ending)]
            break
    return bare[:-1] if len(bare) > 4 and bare[-1] == bare[-2] else bare


def _pieces(word: str) -> list[str]:
    """Scripts without spaces are compared by pairs of characters."""
    if not _DENSE.fullmatch(word) or len(word) < 2:
        return [stem(word)]
    return [word[i : i + 2] for i in range(len(word) - 1)]


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, with repetitions."""
    skip = function_words()
    return [piece for word in _WORD.findall(fold(text)) if word not in skip for piece in _pieces(word)]
