"""Sentences that say something about the agent itself: that it hands over, or that it does not know."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.sentences import sentences
from core.agent.wording import phrase

_REACH = 200
_LISTS = ("conditional", "unknown")


@functools.cache
def _handover() -> tuple[re.Pattern[str], ...]:
    """How far one part of a promise is from the other is bounded, so that a long text is not looked through from each."""
    texts = (text for pack in packs().values() for text in pack.words("claims", "handover"))
    return tuple(re.compile(text.replace(".*", f".{{0,{_REACH}}}")) for text in texts)


@functools.cache
def _phrases() -> Mapping[str, re.Pattern[str]]:
    entries = {name: [e for pack in packs().values() for e in pack.words("claims", name)] for name in _LISTS}
    return {name: re.compile(rf"(?<!\w){any_of(known)}(?!\w)") for name, known in entries.items()}


def claims_handover(sentence: str) -> bool:
    """Whether a sentence says that a hand-over happens or happened. Offers ("shall I …?", "if you like, I …") do not.

    Only the transition itself may say that, since only it makes it true; a model that says so promises in vain.
    """
    spoken = phrase(sentence)
    if not any(pattern.search(spoken) for pattern in _handover()):
        return False
    asks = sentence.rstrip().rstrip("*_\"'”»)").endswith(("?", "؟", "？"))
    return not asks and not _phrases()["conditional"].search(spoken)


def says_unknown(text: str) -> bool:
    """Whether a text admits that it has no answer."""
    return bool(_phrases()["unknown"].search(phrase(text)))


@functools.cache
def _person() -> re.Pattern[str]:
    names = ("person", "person_after_talk")
    entries = [entry for pack in packs().values() for name in names for entry in pack.words("person", name)]
    return re.compile(rf"(?<!\w){any_of(entries)}(?!\w)")


def names_person(sentence: str) -> bool:
    """Whether somebody is spoken of who could take over."""
    return bool(_person().search(phrase(sentence)))


def offers_person(text: str) -> bool:
    """Whether a text asks the customer if they want a person, so that a bare yes is understood next time."""
    asked = (piece for piece in sentences(text) if piece.rstrip().rstrip("*_").endswith(("?", "؟", "？")))
    return any(_person().search(phrase(question)) for question in asked)
