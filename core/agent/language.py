"""The language files (``languages/*.toml``): what customers say, and which language they say it in."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

ANSWERED = ("en", "de", "fr", "es", "ar")
DEFAULT = "en"
_SAID_ALONE = ("yes", "no", "greeting", "thanks", "farewell")


@dataclass(frozen=True, slots=True)
class LanguagePack:
    """One language file. ``texts`` is empty for languages that are understood but not answered with fixed texts."""

    code: str
    sections: Mapping[str, Mapping[str, Any]]

    def words(self, section: str, name: str) -> tuple[str, ...]:
        """A list of the file, empty where this language has none."""
        return tuple(self.sections.get(section, {}).get(name, ()))

    @property
    def texts(self) -> Mapping[str, str]:
        return self.sections.get("texts", {})


@functools.cache
def packs() -> Mapping[str, LanguagePack]:
    """All language files by code, read once. English comes first, so that ties go to it."""
    folder = resources.files("core.agent") / "languages"
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda item: (item.name != f"{DEFAULT}.toml", item.name)):
        if entry.name.endswith(".toml"):
            code = entry.name.removesuffix(".toml")
            found[code] = LanguagePack(code, tomllib.loads(entry.read_text(encoding="utf-8")))
    return found


@functools.lru_cache(maxsize=64)
def unaccented(text: str) -> str:
    """Lower case, decomposed, without accents. Remembered, since many readers of one message ask for it.

    Accents go before the text is decomposed too: the time in which a long row of them is sorted grows with its square.
    """
    folded = text.casefold()
    if folded.isascii():
        return folded
    lean = "".join(char for char in folded if not unicodedata.combining(char))
    decomposed = unicodedata.normalize("NFKD", lean)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@functools.cache
def function_words() -> frozenset[str]:
    """Words without meaning of their own in any language, folded; they never count as overlap."""
    lists = (pack.words("detect", "words") for pack in packs().values())
    return frozenset(unaccented(word) for words in lists for word in words)


@functools.cache
def _markers() -> Mapping[str, frozenset[str]]:
    """The words that are a sign of a language: its function words, and what is said alone in it ("gracias", "no").

    A word stands with every language that has it, so that one which several share decides nothing by itself.
    """
    return {code: frozenset(map(unaccented, _signs(pack))) for code, pack in packs().items()}


def _signs(pack: LanguagePack) -> Iterator[str]:
    yield from pack.words("detect", "words")
    for name in _SAID_ALONE:
        yield from (entry for entry in pack.words("talk", name) if " " not in entry)


def supported(locale: str | None) -> str | None:
    """``de-AT`` to ``de``; None when we have no texts in that language."""
    code = (locale or "").strip().lower().replace("_", "-").partition("-")[0]
    return code if code in ANSWERED else None


_SURE_LEAD = 2  # signs of a language more than of any other; one more is enough where there are
_SURE_SIGNS = 3
_WORD = re.compile(r"[^\W_]+")
_SPANISH = re.compile("[¿¡]")
"""No other language begins a sentence so."""


@functools.lru_cache(maxsize=256)
def _counted(text: str) -> tuple[str | None, int, int]:
    """The language of most signs (None where two share the place), how many it has, and how many more than the next.

    Remembered, since each message of a burst is looked at together with what was said before.
    """
    words = _WORD.findall(unaccented(text))
    arabic = sum(1 for word in words if "\u0600" <= word[0] <= "\u06ff")
    if arabic * 2 > len(words):
        return "ar", arabic, arabic
    counts = {code: sum(word in markers for word in words) for code, markers in _markers().items()}
    counts["es"] += _SURE_LEAD if _SPANISH.search(text) else 0
    best, second = sorted(counts.items(), key=lambda item: -item[1])[:2]
    lead = best[1] - second[1]
    return (best[0] if lead else None), best[1], lead


@functools.cache
def _hints() -> Mapping[str, frozenset[str]]:
    return {code: frozenset(map(unaccented, pack.words("detect", "hints"))) for code, pack in packs().items()}


def _hinted(text: str) -> str | None:
    """By what customers often ask about ("Passwort vergessen"), for short texts that have no other sign. Other languages may
    share a word of it, so it says what a text seems to be in and no more.
    """
    words = _WORD.findall(unaccented(text))
    counts = {code: sum(word in hints for word in words) for code, hints in _hints().items()}
    best, second = sorted(counts.items(), key=lambda item: -item[1])[:2]
    return best[0] if best[1] > second[1] else None


def detect(text: str) -> str | None:
    """The language that a text is written in, by script and words; None when it gives no clear sign."""
    return _counted(text)[0] or _hinted(text)


def detect_surely(text: str) -> str | None:
    """The same with confidence: None for "ok" and other short messages, which a customer of any language may write."""
    code, signs, lead = _counted(text)
    return code if lead >= _SURE_LEAD or signs >= _SURE_SIGNS else None


def choose(text: str, *locales: str | None, earlier: Iterable[str] = ()) -> str:
    """The language to answer fixed texts in: the one that the customer surely writes now, or surely wrote ``earlier``
    (newest first).

    Where they wrote too little for that: the first known locale, else what language it seems to be, else English.
    """
    said = (text, *earlier)
    sure = (supported(detect_surely(one)) for one in said)
    known = (supported(locale) for locale in locales)
    seeming = (detect(one) for one in said)
    return next((code for code in (*sure, *known, *seeming) if code), DEFAULT)


def written_language(texts: Sequence[str], locale: str | None) -> str | None:
    """The language of a customer's own words, the newest first (see ``choose``); None where they show none."""
    return choose("", locale, earlier=texts) if any(map(detect, texts)) else None
