"""Understands "I want to talk to a person" in the languages of ``languages/*.toml``.

A wish is a way of asking and a word for a person with only small words between them ("talk to a real human"), in either
order, so that "how do I add a person to my project" is not one. After a weak way of asking ("I need …") the person must
end the clause, so that "I need staff reports" is not one either. A negation right before it turns it off.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.agent.language import LanguagePack, packs
from core.agent.wording import phrase, plain

_NEGATION_REACH = 4


def any_of(entries: Iterable[str]) -> str:
    """A pattern for any of these phrases, the longest first."""
    ready = sorted({phrase(entry) for entry in entries if phrase(entry)}, key=lambda item: (-len(item), item))
    return "(?:" + "|".join(re.escape(entry) for entry in ready) + ")"


@dataclass(frozen=True, slots=True)
class _Wish:
    patterns: tuple[re.Pattern[str], ...]
    phrases: re.Pattern[str] | None
    whole: frozenset[str]
    negation: re.Pattern[str] | None

    def matches(self, text: str) -> bool:
        if self.phrases and self.phrases.search(text):
            return True
        return any(not self._negated(text, match.start()) for p in self.patterns for match in p.finditer(text))

    def _negated(self, text: str, start: int) -> bool:
        if self.negation is None:
            return False
        clause = text[:start].rsplit("|", 1)[-1].split()
        return bool(self.negation.search(" ".join(clause[-_NEGATION_REACH:])))


def _patterns(pack: LanguagePack) -> tuple[re.Pattern[str], ...]:
    """talk gap* person; ask gap* person at the clause's end; person gap* after (where the verb comes last)."""

    def one(name: str) -> str:
        return any_of(pack.words("person", name)) if pack.words("person", name) else "(?!)"

    gap = rf"(?: {one('gap')}){{0,6}} "
    anybody = f"(?:{one('person')}|{one('person_after_talk')})"
    ends = rf"(?= \||$| {one('tail')}\b)"
    return (
        re.compile(rf"\b{one('talk')}{gap}{anybody}\b"),
        re.compile(rf"\b{one('ask')}{gap}{one('person')}\b{ends}"),
        re.compile(rf"\b{anybody}{gap}{one('after')}\b"),
    )


def _phrases(entries: Sequence[str]) -> re.Pattern[str] | None:
    if not entries:
        return None
    spaced = [entry for entry in entries if entry.isascii() or " " in entry]
    dense = [entry for entry in entries if entry not in spaced]
    parts = ([rf"\b{any_of(spaced)}\b"] if spaced else []) + ([any_of(dense)] if dense else [])
    return re.compile("|".join(parts))


def _compile(pack: LanguagePack) -> _Wish:
    negation = pack.words("person", "never_before")
    return _Wish(
        patterns=_patterns(pack),
        phrases=_phrases(pack.words("person", "phrases")),
        whole=frozenset(map(phrase, pack.words("person", "whole"))),
        negation=re.compile(rf"\b{any_of(negation)}\b") if negation else None,
    )


@functools.cache
def _wishes() -> tuple[_Wish, ...]:
    return tuple(_compile(pack) for pack in packs().values())


@functools.cache
def _polite() -> re.Pattern[str]:
    """Words around a short wish that change nothing: "human please"."""
    words = ["please", "bitte", "s il vous plait", "por favor", "من فضلك", "per favore", "alstublieft", "prosze", "lutfen",
             "пожалуйста", "now", "hi", "hello", "hallo", "bonjour", "hola"]  # fmt: skip
    return re.compile(rf"\b{any_of(words)}\b")


def wants_person(text: str) -> bool:
    """Whether this message asks for a human being."""
    clauses = plain(text)
    bare = " ".join(_polite().sub(" ", phrase(text)).split())
    return any(bare in wish.whole or wish.matches(clauses) for wish in _wishes())
