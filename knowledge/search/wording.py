"""Texts as the terms by which they are found: words with their identifiers whole, then stems by language.

Snowball's stemmers (https://snowballstem.org) know some thirty languages. Scripts that write no spaces (Chinese, Japanese, Thai
and others) and Korean, whose particles stick to the word, are cut into pairs of characters.
"""

from __future__ import annotations

import functools
import re
import unicodedata

import Stemmer

_DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af々"
_TOKEN = re.compile(rf"[{_DENSE}]+|[^\W_{_DENSE}]+(?:[-_./:@'’+#&]+[^\W_{_DENSE}]+)*[+#]*")
_PART = re.compile(r"[^\W_]+")
_IS_DENSE = re.compile(rf"[{_DENSE}]")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu|dell|all|nell|sull|un)['’](?=\w\w)")
_APOSTROPHE = re.compile(r"['’]")
_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ـ": "", "ؤ": "و", "ئ": "ي"})
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "œ": "oe", "æ": "ae"})
_LAST_OF_ARABIC = "\u077f"
"""Up to here marks on letters are accents (Latin, Greek, Cyrillic, Hebrew, Arabic); beyond they are vowels and tones."""
_SHORTEST_NAME = 4
_MEASURE = re.compile(r"\d+(?:st|nd|rd|th|er|re|ème|[a-zµ]{1,3}|days?|hours?|mins?|weeks?|years?|users?)")
_LONGEST = 64
"""Characters of a term: longer ones are hashes and encoded files, which nobody asks for."""
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


def words_of(text: str) -> list[str]:
    """Lower-case words in order. An identifier ("SKU-123", "api/v2", "ERR_TIMEOUT") is there whole and in its parts."""
    found: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if token.isascii() and token.isalpha():
            found.append(token[:_LONGEST])
        else:
            found.extend(_spelled(token))
    return found


def groups_of(text: str) -> list[list[str]]:
    """As ``words_of``, the words of each token together: of a compound only one form may be in the index."""
    return [_spelled(token) for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())]


def identifies(word: str) -> bool:
    """Whether a word is the name of one thing ("err1042", "sku123"): letters and digits, and no ordinal or measure."""
    if len(word) < _SHORTEST_NAME or word.isalpha() or word.isdigit():
        return False
    return any(char.isalpha() for char in word) and _MEASURE.fullmatch(word) is None


def dense(word: str) -> bool:
    """Whether a word is a piece of a run without spaces."""
    return _IS_DENSE.match(word) is not None


def _spelled(token: str) -> list[str]:
    if _IS_DENSE.match(token):
        return _pairs(token)
    return [token[:_LONGEST]] if token.isalpha() else _compound(token)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _compound(token: str) -> list[str]:
    token = _ELISION.sub("", token)
    if _APOSTROPHE.search(token):
        token = _APOSTROPHE.sub("", token[:-2] if token.endswith(("'s", "’s")) else token)
    parts = _PART.findall(token)
    joined = "".join(parts) + token[len(token.rstrip("+#")) :]
    if len(parts) == 1 or len(joined) > _LONGEST:
        return [joined[:_LONGEST]] if len(parts) == 1 else [part[:_LONGEST] for part in parts]
    return [*parts, joined]


@functools.lru_cache(maxsize=64)
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name, 0) if name in Stemmer.algorithms() else None


def has_stems(language: str) -> bool:
    """Whether words of this language have another form in the index than in the text."""
    return language in _STEMMERS


def stems(words: list[str], language: str | None) -> list[str]:
    """Each word's stem in that language, without accents; what holds a digit is a name of something and stays as it is."""
    stemmer = _stemmer(language) if language else None
    found = list(words) if stemmer is None else stemmer.stemWords(words)
    return [word if not word.isalpha() else bare(stem) for word, stem in zip(words, found, strict=True)]


def bare(word: str) -> str:
    """Without accents, Arabic letters in one spelling: people leave both out when they type in a hurry."""
    if word.isascii() or word[0] > _LAST_OF_ARABIC:
        return word
    decomposed = unicodedata.normalize("NFD", word.translate(_ARABIC).translate(_LETTERS))
    return unicodedata.normalize("NFC", "".join(char for char in decomposed if not unicodedata.combining(char)))
