"""Understands thanks that stand alone: what most customers answer when somebody says that their case is closed.

``[talk]`` of the language files: ``thanks``, ``farewell`` and ``grateful`` are enough by themselves; ``grateful_for`` is only
said beside them ("for your help"; "so much for your help" is no thanks), as are ``filler`` and the name of whoever helped.
``sarcastic`` sounds like thanks and is none ("oh great", "na toll"). A question mark, words in quotation marks ("thanks for
your “help”"), a frown and every sign but the friendly ones say that it is not only thanks: somebody who looks at a case
once too often costs less than a complaint that nobody reads.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Iterable

from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.small_talk import FRIENDLY
from core.agent.wording import phrase

_ENOUGH = ("thanks", "farewell", "grateful")
_BESIDE = ("greeting", "grateful_for")
_LONGEST = 300
_DOUBTFUL = re.compile(r"[?؟？\"“”„«»]|(?<!\w)[:;=]['’]?-?[(\[/\\|<cCsS](?!\w)")
_PART_OF_A_SIGN = frozenset("\ufe0f\u200d")


def _entries(names: Iterable[str], section: str = "talk") -> set[str]:
    return {phrase(entry) for pack in packs().values() for name in names for entry in pack.words(section, name)}


def _words(entries: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(entries)}(?!\w)")


@functools.cache
def _enough() -> re.Pattern[str]:
    return _words(_entries(_ENOUGH))


@functools.cache
def _beside() -> re.Pattern[str]:
    """Nothing that hurries or asks, though it is filler elsewhere ("please", "help")."""
    filler = _entries(["filler"]) - _entries(["polite"], "person") - _entries(["identity"])
    return _words(_entries(_BESIDE) | filler)


@functools.cache
def _sarcastic() -> re.Pattern[str]:
    return _words(_entries(["sarcastic"]))


@functools.cache
def _declined() -> frozenset[str]:
    """ "No, thanks": what is asked is a rating."""
    return frozenset(entry for entry in _entries(["no"]) if _enough().search(entry))


def only_thanks(text: str, names: Collection[str] = ()) -> bool:
    """Whether it thanks, praises or takes leave, and does nothing else. ``names``: of those who may be addressed."""
    if len(text) > _LONGEST or _DOUBTFUL.search(text):
        return False
    signs = [char for char in text if _is_sign(char)]
    if not all(map(FRIENDLY.match, signs)):
        return False
    spoken = phrase(text)
    if not spoken:
        return bool(signs)
    if _sarcastic().search(spoken):
        return False
    if spoken in _declined():
        return True
    called = {word for name in names for word in phrase(name).split()}
    rest, found = _enough().subn(" ", spoken)
    rest = _beside().sub(" ", " ".join(rest.split()))
    return bool(found) and all(word in called for word in rest.split())


def _is_sign(char: str) -> bool:
    """An emoji or the like; what only changes the one before it (skin, style) says nothing."""
    return unicodedata.category(char) in ("So", "Cn") and char not in _PART_OF_A_SIGN
