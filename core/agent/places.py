"""Which places of a list a customer names: "2", "nr. 2", "the second one, please", "both", in any language of ``[choose]``.

The words of all languages are heard at once, as those of small talk are: who is asked in English may answer in their own.
Full-width, circled and Arabic-Indic digits fold to the common ones.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.wording import fold, phrase

_NUMBERED = {"first": 1, "second": 2, "third": 3}
_MEANING = ("beside", "and", "beyond", "last", "both", "all", "none", *_NUMBERED)
"""Lists of ``[choose]``; a word that stands in several means the last of them ("uno" is no article)."""
_COURTESIES = ("greeting", "thanks", "farewell", "filler", "yes")
_LONGEST = 80
_DIGITS = 2
"""A longer number is that of an order, or a year."""
_BEYOND = 0
_EDGES = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
"""Between a number and letters: "nr2", "2nd", "第2个"."""
_FRACTION = re.compile(r"\d[.:]\d")


def places_in(text: str, of: int) -> tuple[int, ...] | None:
    """The places that are named, counted from 1, in their order; what is not among the ``of`` may be named too.

    Empty where it is said that none is meant. None where anything else is said besides, or nothing of the kind.
    """
    spoken = _EDGES.sub(" ", phrase(text))
    if not spoken or len(spoken) > _LONGEST or _known().sub(" ", spoken).strip():
        return None
    said = [match.group() for match in _known().finditer(spoken)]
    numbers = [word for word in said if word.isdigit()]
    if any(len(number) > _DIGITS for number in numbers):
        return None
    if _FRACTION.search(fold(text)):
        return (_BEYOND,)
    meant = {_meanings().get(word, "") for word in said}
    found = tuple(dict.fromkeys(place for word in said for place in _places(word, of)))
    if "none" in meant:
        return None if found else ()
    return found or None


def _places(word: str, of: int) -> Iterator[int]:
    if word.isdigit():
        yield int(word)
        return
    match _meanings().get(word):
        case "last":
            yield of
        case "all":
            yield from range(1, of + 1)
        case "both":
            yield from (1, 2) if of == 2 else (_BEYOND,)
        case "beyond":
            yield _BEYOND
        case name if name in _NUMBERED:
            yield _NUMBERED[name]


@functools.cache
def _meanings() -> Mapping[str, str]:
    found = {
        phrase(entry): "beside"
        for pack in packs().values()
        for name in _COURTESIES
        for entry in pack.words("talk", name)
    }
    for name in _MEANING:
        found |= {phrase(entry): name for pack in packs().values() for entry in pack.words("choose", name)}
    return found


@functools.cache
def _known() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:\d+|{any_of(_meanings())})(?!\w)")
