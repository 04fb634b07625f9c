"""Greetings, thanks and the like: messages that need no knowledge, and the yes or no to an offer."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.wording import phrase

KINDS = ("identity", "thanks", "farewell", "greeting")
FRIENDLY = re.compile(r"[👍👏🙏🙌💪🎉🤝👌✅❤♥💚💙💜😀😃😄😁😊🙂😍🥰😎🤩☺]")
"""Signs that thank or praise."""


def _entries(name: str) -> list[str]:
    return [entry for pack in packs().values() for entry in pack.words("talk", name)]


@functools.cache
def _lists() -> Mapping[str, re.Pattern[str]]:
    names = ("filler", "thanks")
    return {name: re.compile(rf"(?<!\w){any_of(_entries(name))}(?!\w)") for name in names}


@functools.cache
def _whole(name: str) -> frozenset[str]:
    return frozenset(map(phrase, _entries(name)))


@functools.cache
def _phrases() -> Mapping[str, str]:
    """Every phrase of small talk with its kind; where two kinds share one, the first of ``KINDS`` has it."""
    kinds = ((kind, pack.words("talk", kind)) for kind in reversed(KINDS) for pack in packs().values())
    return {phrase(entry): kind for kind, entries in kinds for entry in entries}


@functools.cache
def _any_phrase() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(_phrases())}(?!\w)")


def small_talk(text: str) -> str | None:
    """``identity``, ``thanks``, ``farewell`` or ``greeting`` when the message is nothing else; otherwise None."""
    spoken = phrase(text)
    if not spoken:
        return "thanks" if FRIENDLY.search(text) and len(text.strip()) <= 12 else None
    said = [match.group() for match in _any_phrase().finditer(spoken)]
    telling = [
        entry for entry in said if " " in entry or _phrases()[entry] != "identity"
    ]  # "help" beside thanks asks nothing
    heard = {_phrases()[entry] for entry in telling or said}
    rest = _any_phrase().sub(" ", spoken)
    if not heard or _lists()["filler"].sub(" ", rest).strip():
        return None
    return next(kind for kind in KINDS if kind in heard)


def says_yes(text: str) -> bool:
    """A bare yes, as the answer to an offer."""
    return phrase(text) in _whole("yes")


def says_no(text: str) -> bool:
    """A bare no, as the answer to an offer; a thank-you after it changes nothing."""
    spoken = phrase(text)
    return spoken in _whole("no") or _lists()["thanks"].sub(" ", spoken).strip() in _whole("no")


def all_small_talk(texts: Sequence[str]) -> str | None:
    """The kind of the last message when every message is small talk."""
    kinds = [small_talk(text) for text in texts]
    return kinds[-1] if kinds and all(kinds) else None
