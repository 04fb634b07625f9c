"""Whether a sentence without a marker may stand in an answer that cites: it states nothing, or what the cited passages hold.

Figures and links must stand there literally, most of the other words by their stems. Questions, courtesies, lead-ins and
"I don't know" state nothing as long as they hold no figure and no link.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from core.agent.claims import says_unknown
from core.agent.code_spans import leading_block
from core.agent.language import packs
from core.agent.person_wish import any_of
from core.agent.small_talk import only_pleasantries, says_no, says_yes
from core.agent.wording import content_stems, fold, phrase

_LINK = re.compile(r"(?:https?://|www\.)[^\s)\]>\"']+|[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_ASKS = re.compile(r"[?؟？][\s*_\"'”»)]*$")
_LEADS = re.compile(
    r"^\|.*\|$|^(?:\*\*|__).*(?:\*\*|__)$|:[*_ ]*$"
)  # the head of a table, a line in bold, a colon at the end
_BUT = re.compile(
    r"\b(?:but|however|though|although|aber|jedoch|allerdings|mais|cependant|pero|sin embargo|ولكن|لكن)\b"
)
_SHORT = 6  # words of meaning in a courtesy or a lead-in; a longer one says something beside
_REPEATED = 0.7


@functools.cache
def _courtesy() -> re.Pattern[str]:
    entries = [entry for pack in packs().values() for entry in pack.words("claims", "courtesy")]
    return re.compile(rf"(?<!\w){any_of(entries)}(?!\w)")


def is_grounded(sentence: str, passages: Iterable[str]) -> bool:
    """Whether the sentence states nothing that these passages do not hold."""
    said = _LIST_MARK.sub("", sentence).strip()
    if leading_block(said):
        return True
    stems = content_stems(_LINK.sub(" ", said))
    exact = [*_LINK.findall(said), *_FIGURE.findall(_LINK.sub(" ", said))]
    if not exact and (not stems or _states_nothing(said, len(stems))):
        return True
    held = " ".join(passages)
    return _holds(held, exact) and _share(stems, held) >= _REPEATED


def _states_nothing(said: str, length: int) -> bool:
    """ "I don't know, but …" is judged on either side of the but."""
    pieces = [piece for piece in _BUT.split(fold(said)) if phrase(piece)]
    if len(pieces) > 1:
        return all(_states_nothing(piece, len(content_stems(piece))) for piece in pieces)
    if _ASKS.search(said) or says_unknown(said) or says_yes(said) or says_no(said) or only_pleasantries(said, said=""):
        return True
    return length <= _SHORT and bool(_LEADS.search(said) or _courtesy().search(phrase(said)))


def _holds(held: str, exact: Iterable[str]) -> bool:
    figures = set(_FIGURE.findall(held))
    folded = fold(held)
    return all(
        piece in figures if _FIGURE.fullmatch(piece) else fold(piece).rstrip(".,;:!?*_/") in folded for piece in exact
    )


def _share(stems: list[str], held: str) -> float:
    words = set(stems)
    return len(words & set(content_stems(held))) / len(words) if words else 1.0
