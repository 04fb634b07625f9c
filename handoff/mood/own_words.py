"""The file in which a company says which words show how its customers feel, beside ours or instead of them.

It is YAML: by language, or ``any`` for all of them, lists of phrases by level; ``removed`` phrases count for nothing, and
``alone: true`` leaves our own lists out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from handoff.mood.lexicon import ANY, FRUSTRATION, LANGUAGES, POLARITY, MoodWords

_LEVELS = (*POLARITY, *FRUSTRATION)
_REMOVED, _ALONE = "removed", "alone"
_MOST = 5_000
"""Phrases; each is one more to look for in every message."""


class BadMoodWords(ValueError):
    """The file cannot be used; the text says where and why."""


def parse_mood_words(text: str) -> MoodWords:
    """An empty file changes nothing. Raises BadMoodWords."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadMoodWords(f"This is no YAML: {' '.join(str(error).split())}") from error
    if given is None:
        return MoodWords()
    if not isinstance(given, dict):
        raise BadMoodWords(f"It must hold languages ({_languages()}), each with lists of words.")
    unknown = [str(code) for code in given if code not in (ANY, *LANGUAGES)]
    if unknown:
        raise BadMoodWords(f"There are no words for the language {unknown[0]!r}; try {_languages()}.")
    found = {str(code): _words(str(code), section) for code, section in given.items()}
    if sum(len(one.added) + len(one.removed) for one in found.values()) > _MOST:
        raise BadMoodWords(f"These are more than {_MOST} phrases.")
    common = found.pop(ANY, MoodWords())
    return MoodWords(common.added, common.removed, common.alone, tuple(sorted(found.items())))


def _words(code: str, section: object) -> MoodWords:
    if section is None:
        return MoodWords()
    if not isinstance(section, dict):
        raise BadMoodWords(f"{code}: it must hold lists of words by level ({', '.join(_LEVELS)}).")
    unknown = [str(name) for name in section if name not in (*_LEVELS, _REMOVED, _ALONE)]
    if unknown:
        raise BadMoodWords(f"{code}: there is no level {unknown[0]!r}; the levels are {', '.join(_LEVELS)}.")
    alone = section.get(_ALONE, False)
    if not isinstance(alone, bool):
        raise BadMoodWords(f"{code}: {_ALONE} is true or false.")
    added = tuple((entry, level) for level in _LEVELS for entry in _entries(code, level, section))
    levels: dict[str, str] = {}
    for entry, level in added:
        if levels.setdefault(entry, level) != level:
            raise BadMoodWords(f"{code}: {entry!r} has more than one level.")
    try:
        return MoodWords(added, _entries(code, _REMOVED, section), alone)
    except ValueError as error:
        raise BadMoodWords(f"{code}: {error}") from error


def _entries(code: str, name: str, section: Mapping[str, Any]) -> tuple[str, ...]:
    """YAML makes numbers and truth of some words; what was meant, nobody can tell afterwards."""
    given = section.get(name) or []
    if not isinstance(given, list):
        raise BadMoodWords(f"{code}: {name} must be a list of words.")
    for entry in given:
        if not isinstance(entry, str):
            raise BadMoodWords(f"{code}: {name} holds {entry!r}, which is no text; put it in quotes.")
    return tuple(given)


def _languages() -> str:
    return ", ".join((ANY, *LANGUAGES))
