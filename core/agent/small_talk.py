"""Greetings, thanks and the like, the yes or no to an offer, and what is said of a conversation that is over.

``[talk]`` of the language files: ``thanks``, ``farewell`` and ``grateful`` are thanks by themselves; ``filler`` is only said
beside them ("for your help"; "so much for your help" is no thanks), as is the name of whoever helped.
``sarcastic`` sounds like thanks and is none ("oh great"). A question mark, words in quotation marks, a frown and every sign but
the friendly ones say that it is not only thanks: staff who look at a case once too often cost less than a complaint unread.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from core.agent.phrases import Phrases
from core.agent.wording import phrase, plain

_KINDS = {kind: Phrases(f"talk.{kind}") for kind in ("identity", "thanks", "farewell", "greeting")}
"""Where two kinds share a phrase, the first has it."""
_OF_ANY_KIND = Phrases(*(f"talk.{kind}" for kind in _KINDS))
_FILLER = Phrases("talk.filler")
_THANKS = Phrases("talk.thanks")
_YES = Phrases("talk.yes")
_NO = Phrases("talk.no")
_GRATEFUL = Phrases("talk.thanks", "talk.farewell", "talk.grateful")
_GREETING = Phrases("talk.greeting")
_IDLE_FILLER = Phrases("talk.filler", without=("person.polite", "talk.identity"))
"""Nothing that hurries or asks, though it is filler elsewhere ("please", "help")."""
_SARCASTIC = Phrases("talk.sarcastic")
_UNSOLVED = Phrases("question.unsolved")
_FRIENDLY = re.compile(r"[👍👏🙏🙌💪🎉🤝👌✅❤♥💚💙💜😀😃😄😁😊🙂😍🥰😎🤩☺]")
"""Signs that thank or praise."""
_LONGEST_SIGNS = 12
_LONGEST_THANKS = 300
_DOUBTFUL = re.compile(r"[?؟？\"“”„«»]|(?<!\w)[:;=]['’]?-?[(\[/\\|<cCsS](?!\w)")
_PART_OF_A_SIGN = frozenset("\ufe0f\u200d")


@functools.cache
def _kinds() -> Mapping[str, str]:
    """Every phrase of small talk with its kind."""
    return {entry: kind for kind, phrases in reversed(_KINDS.items()) for entry in phrases.known}


def small_talk(text: str) -> str | None:
    """``identity``, ``thanks``, ``farewell`` or ``greeting`` when the message is nothing else; otherwise None."""
    spoken = phrase(text)
    if not spoken:
        return "thanks" if _FRIENDLY.search(text) and len(text.strip()) <= _LONGEST_SIGNS else None
    said = _OF_ANY_KIND.pattern.findall(spoken)
    telling = [one for one in said if " " in one or _kinds()[one] != "identity"]  # "help" beside thanks asks nothing
    heard = {_kinds()[entry] for entry in telling or said}
    if not heard or _FILLER.removed_from(_OF_ANY_KIND.pattern.sub(" ", spoken)):
        return None
    return next(kind for kind in _KINDS if kind in heard)


def all_small_talk(texts: Sequence[str]) -> str | None:
    """The kind of the last message when every message is small talk."""
    kinds = [small_talk(text) for text in texts]
    return kinds[-1] if kinds and all(kinds) else None


def says_yes(text: str) -> bool:
    """A bare yes, as the answer to an offer."""
    return phrase(text) in _YES.known


def says_no(text: str) -> bool:
    """A bare no, as the answer to an offer; a thank-you after it changes nothing."""
    spoken = phrase(text)
    return spoken in _NO.known or _THANKS.removed_from(spoken) in _NO.known


def only_thanks(text: str, names: Collection[str] = ()) -> bool:
    """Whether it thanks, praises or takes leave, and does nothing else. ``names``: of those who may be addressed."""
    if len(text) > _LONGEST_THANKS or _DOUBTFUL.search(text):
        return False
    signs = [char for char in text if unicodedata.category(char) in ("So", "Cn") and char not in _PART_OF_A_SIGN]
    if not all(map(_FRIENDLY.match, signs)):
        return False
    spoken = phrase(text)
    if not spoken:
        return bool(signs)
    if not _GRATEFUL.are_in(spoken) or _SARCASTIC.are_in(spoken):
        return False
    called = {word for name in names for word in phrase(name).split()}
    rest = _IDLE_FILLER.removed_from(_GREETING.removed_from(_GRATEFUL.removed_from(spoken)))
    return spoken in _NO.known or all(word in called for word in rest.split())


def says_unsolved(text: str) -> bool:
    """Whether it says of a conversation that is over that something is still, or again, to be done ("it broke again")."""
    return _UNSOLVED.are_in(plain(text))
