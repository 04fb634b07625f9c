"""What a sentence states once everything is taken away that states nothing: courtesies, offers, "I don't know".

Nothing here asks how a sentence begins or that it holds a certain phrase somewhere: "I don't know, cancelling is free"
states that cancelling is free. So phrases are cut out, and what is left is looked at clause by clause. Words come from
``[claims]`` of the language files:

- ``unknown``, ``courtesy``: phrases that are cut out, as are greetings, thanks and farewells;
- ``but``: words that part clauses, as commas do;
- ``idle``: words of offers, apologies and lead-ins, of which no fact can be made ("here are the steps");
- ``probing``: words of a question back ("which error do you see?"); in a statement they count like all others;
- ``asks``: how a clause begins that asks; ``tags``: what turns a statement into a question in form only ("…, right?");
- ``affirming``: courtesies that are a yes or a no when they answer a question ("of course");
- ``presumes``: questions that tell ("did you know that …?");
- ``about``: what leads from "I don't know" to what is not known; ``about_clause``: the same behind a comma.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping

from core.agent.claims import says_unknown
from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.small_talk import pleasant, says_no, says_yes
from core.agent.wording import content_stems, fold, phrase

_PARTS = re.compile(r"[.,;:!?…\n،؛؟。，！？、；：—–()|]+|\s-+\s")
_ASKS = re.compile(r"[?؟？][\s*_\"'”’»)]*$")


def _entries(*names: str) -> list[str]:
    return [entry for pack in packs().values() for name in names for entry in pack.words("claims", name)]


@functools.cache
def _phrases() -> Mapping[str, re.Pattern[str]]:
    names = ("about", "about_clause", "asks", "but", "presumes", "unknown")
    return {name: re.compile(rf"(?<!\w){any_of(_entries(name))}(?!\w)") for name in names}


@functools.cache
def _stems(*names: str) -> frozenset[str]:
    return frozenset(content_stems(" ".join(_entries(*names))))


@functools.cache
def _wholes(name: str) -> frozenset[str]:
    return frozenset(map(phrase, _entries(name)))


def asks(sentence: str) -> bool:
    """Whether it ends as a question does."""
    return bool(_ASKS.search(sentence))


def _clauses(text: str) -> list[str]:
    """Parted at punctuation and at every "but"; each as a phrase."""
    pieces = (phrase(piece) for piece in _PARTS.split(fold(text)))
    return [part.strip() for piece in pieces for part in _phrases()["but"].split(piece) if part.strip()]


def _left(clause: str) -> list[str]:
    """The stems of a clause without phrases and words that state nothing."""
    if says_yes(clause) or says_no(clause) or clause in _wholes("tags"):
        return []
    rest = pleasant(_phrases()["unknown"].sub(" ", clause))
    return [stem for stem in content_stems(rest) if stem not in _stems("idle", "about")]


def remainder(text: str) -> list[str]:
    """The stems that are left of all clauses."""
    return [stem for clause in _clauses(text) for stem in _left(clause)]


def only_pleasantries(text: str, *, said: str) -> bool:
    """Whether nothing is left, not even a small word, beside questions that only ask ("Nice to meet you, Ann!").

    Of what the customer ``said`` only the name they gave may be repeated: "yes, we sell those" repeats words, too.
    """
    clauses = _clauses(text)
    return bool(clauses) and all(not pleasant(clause, said=said) for clause in clauses)


def affirms(text: str) -> bool:
    """Whether a clause of it is a yes or a no, or can be taken for one: "Is it free?" – "Of course! Anything else?"."""
    return any(says_yes(clause) or says_no(clause) or clause in _wholes("affirming") for clause in _clauses(text))


def only_small_words(text: str) -> bool:
    """Whether a clause says something in words without meaning of their own: "yes, you can"."""
    clauses = (clause for clause in _clauses(text) if not (says_yes(clause) or says_no(clause)))
    return any(pleasant(clause) and not content_stems(clause) for clause in clauses)


def asks_only(sentence: str, known: Collection[str]) -> bool:
    """Whether a question asserts nothing: each clause asks, in words of ``known`` (stems) or such as any question needs."""
    clauses = _clauses(sentence)
    if not asks(sentence) or (clauses and clauses[-1] in _wholes("tags")):
        return False
    return all(not pleasant(clause) or _clause_asks(clause, known) for clause in clauses)


def _clause_asks(clause: str, known: Collection[str]) -> bool:
    begun = _phrases()["asks"].match(clause)
    if begun is None or _phrases()["presumes"].search(clause):
        return False
    return all(stem in known or stem in _stems("probing") for stem in _left(clause[begun.end() :]))


def admits_only(sentence: str, said: Iterable[str]) -> bool:
    """Whether it says that something is not known and names it in the customer's own words (stems), and no more."""
    own = {*said, *_stems("idle")}
    return says_unknown(sentence) and all(_names_only(clause, own) for clause in _clauses(sentence))


def _names_only(clause: str, own: Collection[str]) -> bool:
    admitted = _phrases()["unknown"].search(clause)
    if not _left(clause):
        return bool(admitted or content_stems(clause) or not pleasant(clause))
    lead = (_phrases()["about"] if admitted else _phrases()["about_clause"]).search(
        clause, admitted.end() if admitted else 0
    )
    if lead is None or (not admitted and lead.start() > 0):
        return False
    return not _left(clause[: lead.start()]) and all(stem in own for stem in content_stems(clause[lead.end() :]))
