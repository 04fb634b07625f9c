"""The word lists (``languages/*.toml``), with what a company adds and takes away, in the form that measuring reads."""

from __future__ import annotations

import functools
import importlib.util
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from defusedxml.ElementTree import parse  # type: ignore[import-untyped]

from handoff.mood.wording import phrase

ANY = "any"
LANGUAGES = ("en", "de", "fr", "es", "ar")
POLARITY = {"great": 0.9, "good": 0.5, "bad": -0.5, "awful": -0.9}
FRUSTRATION = {"mild": 0.3, "strong": 0.6, "furious": 0.85}
_STRONGER, _WEAKER = 1.3, 0.6
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoodWords:
    """A company's own words, for every language: phrase to level (great, good, bad, awful, mild, strong, furious).

    ``removed`` phrases count for nothing, whichever list holds them. ``alone``: no other list of moods counts, ours included.
    ``languages``: what holds for one of them only, by its code.
    """

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    alone: bool = False
    languages: tuple[tuple[str, MoodWords], ...] = ()

    def __post_init__(self) -> None:
        for code, _ in self.languages:
            if code not in LANGUAGES:
                raise ValueError(
                    f"There are no words for the language “{code}”; the languages are {', '.join(LANGUAGES)}."
                )
        for entry, level in self.added:
            if level not in POLARITY and level not in FRUSTRATION:
                levels = ", ".join([*POLARITY, *FRUSTRATION])
                raise ValueError(f"“{entry}” has the level “{level}”; the levels are {levels}.")
        for entry in (*(entry for entry, _ in self.added), *self.removed):
            if not phrase(entry):
                raise ValueError(f"“{entry}” holds no word.")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase does: a mood of its own, and what it does to the phrases near it."""

    polarity: float = 0.0
    frustration: float = 0.0
    factor: float = 1.0
    negates: bool = False
    negates_before: bool = False
    turns: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language. ``lengths`` of the phrases by their first word, the longest first; ``signs`` tell the language.

    ``any_mark`` finds the emoji and emoticons of ``marks``.
    """

    language: str
    signs: frozenset[str] = frozenset()
    meanings: Mapping[Phrase, Meaning] = field(default_factory=dict)
    lengths: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    marks: Mapping[str, Meaning] = field(default_factory=dict)
    any_mark: re.Pattern[str] = re.compile("(?!)")


@functools.cache
def lexicons(words: MoodWords) -> Mapping[str, Lexicon]:
    """All languages, each with what is common to all. Read once per set of a company's words."""
    shared = _read(ANY)
    return {language: _lexicon(language, shared, words) for language in LANGUAGES}


def _lexicon(language: str, shared: Mapping[str, Any], words: MoodWords) -> Lexicon:
    found: dict[Phrase, Meaning] = {}
    marks: dict[str, Meaning] = {}
    own = _read(language)
    company = [words, *(one for code, one in words.languages if code == language)]
    if not any(one.alone for one in company):
        if language == "en":
            found.update(((word,), Meaning(polarity=polarity)) for word, polarity in library_words().items())
        for source in (shared, own):
            for entry, meaning in _moods(source):
                _merge(found, marks, entry, meaning)
    for entry, meaning in _rules(own.get("rules", {})):
        _merge(found, marks, entry, meaning)
    for theirs in company:
        for entry in theirs.removed:
            found.pop(phrase(entry), None)
        for entry, level in theirs.added:
            for spelling in {entry, entry.translate(_UMLAUTS)}:
                found[phrase(spelling)] = _of_level(level)
    signs = frozenset(part for word in own["signs"]["words"] for part in phrase(word))
    return Lexicon(language, signs, found, _lengths(found), marks, _any_of(marks))


def _any_of(marks: Iterable[str]) -> re.Pattern[str]:
    """Emoji anywhere; emoticons that end in a letter only where no letter follows."""
    ordered = sorted(marks, key=lambda mark: (-len(mark), mark))
    parts = (re.escape(mark) + (r"(?!\w)" if mark[-1].isalnum() else "") for mark in ordered)
    return re.compile("|".join(parts) or "(?!)")


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("handoff.mood").joinpath("languages", f"{name}.toml").read_text("utf-8"))


def _moods(source: Mapping[str, Any]) -> Iterator[tuple[str, Meaning]]:
    for section in ("frustration", "polarity"):
        for level, entries in source.get(section, {}).items():
            for entry in entries:
                for spelling in {entry, entry.translate(_UMLAUTS)}:
                    yield spelling, _of_level(level)


def _of_level(level: str) -> Meaning:
    """Who is frustrated is not pleased either: frustration brings its share of negative polarity."""
    if level in FRUSTRATION:
        return Meaning(polarity=-FRUSTRATION[level], frustration=FRUSTRATION[level])
    return Meaning(polarity=POLARITY[level])


def _rules(rules: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, Meaning]]:
    effects = {
        "negators": Meaning(negates=True),
        "negators_after": Meaning(negates_before=True),
        "intensifiers": Meaning(factor=_STRONGER),
        "softeners": Meaning(factor=_WEAKER),
        "turns": Meaning(turns=True),
    }
    for name, effect in effects.items():
        for entry in rules.get(name, ()):
            yield entry, effect


def _merge(found: dict[Phrase, Meaning], marks: dict[str, Meaning], entry: str, meaning: Meaning) -> None:
    """A phrase may stand in several lists; the stronger mood and every effect on its neighbours count."""
    spelled = phrase(entry)
    if not spelled or not any(char.isalnum() for char in entry[:1]):
        marks[entry] = _both(marks.get(entry), meaning)
        return
    found[spelled] = _both(found.get(spelled), meaning)


def _both(one: Meaning | None, other: Meaning) -> Meaning:
    if one is None:
        return other
    return replace(
        other,
        polarity=max(one.polarity, other.polarity, key=abs),
        frustration=max(one.frustration, other.frustration),
        factor=one.factor if other.factor == 1.0 else other.factor,
        negates=one.negates or other.negates,
        negates_before=one.negates_before or other.negates_before,
        turns=one.turns or other.turns,
    )


def _lengths(found: Iterable[Phrase]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = {}
    for spelled in found:
        lengths.setdefault(spelled[0], set()).add(len(spelled))
    return {first: tuple(sorted(group, reverse=True)) for first, group in lengths.items()}


_PACKAGE = "textblob"
_SURE = 0.35  # weaker entries are mostly words of many senses: "new", "right", "long"
_SHARE = 0.6  # of its weight: these words speak of things as often as of the company


def library_words() -> Mapping[str, float]:
    """Single words with their polarity from -1 to 1, the mean over a word's senses, without those near 0.

    Raises LookupError where the package is not installed.
    """
    senses: dict[str, list[float]] = {}
    for entry in parse(_file()).getroot().iter("word"):
        form = (entry.get("form") or "").casefold()
        if form.isalpha():
            senses.setdefault(form, []).append(float(entry.get("polarity") or 0))
    means = {form: sum(values) / len(values) for form, values in senses.items()}
    return {form: mean * _SHARE for form, mean in means.items() if abs(mean) >= _SURE}


def _file() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    places = found.submodule_search_locations if found else None
    if not places:
        raise LookupError(f"The package {_PACKAGE} is not installed.")
    return Path(next(iter(places))) / "en" / "en-sentiment.xml"
