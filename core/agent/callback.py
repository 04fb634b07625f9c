"""Understands "call me back please, +49 170 1234567": whoever wants to be called wants a person.

``[person] called`` of the language files holds ways to ask for it. With a phone number in the message one of them must begin a
clause, and the number, or when and why, may follow; without one it must be the whole message. A clause that says no ("don't
call me …") asks for nothing. Who else should call ("can your courier …") is not told from us: a number was left for people.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from core.agent.contact import contact_details
from core.agent.language import LanguagePack, packs
from core.agent.phrases import any_of, one_of, words_of
from core.agent.wording import plain


@functools.cache
def _courteous() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(e for pack in packs().values() for e in pack.words('person', 'polite'))}(?!\w)")


def wants_call(text: str) -> bool:
    """Whether it asks to be called."""
    left = contact_details(text)
    clauses = [_without_courtesy(clause) for clause in plain(_without(text, left.phone)).split("|")]
    if left.phone is None:
        spoken = [clause for clause in clauses if clause]
        return len(spoken) == 1 and any(called.fullmatch(spoken[0]) for called, _ in _ways_to_ask().values())
    return any(
        called.match(clause) and not denied.search(clause)
        for called, denied in _ways_to_ask().values()
        for clause in clauses
    )


def _without(text: str, number: str | None) -> str:
    return text if number is None else text.replace(number, " ")


def _without_courtesy(clause: str) -> str:
    return " ".join(_courteous().sub(" ", clause).split())


@functools.cache
def _ways_to_ask() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """By language: what asks to be called, and what denies."""

    def called(pack: LanguagePack) -> re.Pattern[str]:
        return re.compile(rf"(?:{one_of(pack, 'joins', 'question')} )*{one_of(pack, 'called')}(?!\w)")

    return {code: (called(pack), words_of(pack, "never_before")) for code, pack in packs().items()}
