"""Understands "I want to talk to a person" in the languages of ``languages/*.toml``.

A wish is a way of asking and a word for a person with only small words between them ("talk to a real human"), in either
order, so that "how do I add a person to my project" is not one. After a weak way of asking ("I need …") the person must
end the clause, so that "I need staff reports" is not one either. A negation right before it turns it off, unless the
customer complains that it cannot be done. Where others would do the talking ("can my customers talk to a human?"), or a
part of the product is named after it ("… button"), it is a question about the product.
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
    """``others`` would do the talking, unless the writer (``writer``) is named after them; ``services`` are not others."""

    patterns: tuple[re.Pattern[str], ...]
    phrases: re.Pattern[str] | None
    whole: frozenset[str]
    negation: re.Pattern[str]
    complaint: re.Pattern[str]
    others: re.Pattern[str]
    writer: re.Pattern[str]
    services: re.Pattern[str]
    feature: re.Pattern[str]

    def matches(self, text: str) -> bool:
        if self.phrases and self.phrases.search(text):
            return True
        return any(self._stands(text, match) for pattern in self.patterns for match in pattern.finditer(text))

    def _stands(self, text: str, match: re.Match[str]) -> bool:
        before = text[: match.start()].rsplit("|", 1)[-1]
        if self.feature.match(text[match.end() :].lstrip()):
            return False
        return not self._negated(before, match.group()) and not self._of_others(before, match.group())

    def _negated(self, before: str, asked: str) -> bool:
        if self.complaint.search(before + asked):
            return False
        return bool(self.negation.search(" ".join(before.split()[-_NEGATION_REACH:])))

    def _of_others(self, before: str, asked: str) -> bool:
        named = list(self.others.finditer(self.services.sub(" ", before)))
        return bool(named) and not self.writer.search(named[-1].string[named[-1].end() :] + asked)


def _words(pack: LanguagePack, name: str) -> re.Pattern[str]:
    """Any of a list's phrases as whole words; nothing where the language has no such list."""
    entries = pack.words("person", name)
    return re.compile(rf"\b{any_of(entries)}\b" if entries else "(?!)")


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
    return _Wish(
        patterns=_patterns(pack),
        phrases=_phrases(pack.words("person", "phrases")),
        whole=frozenset(map(phrase, pack.words("person", "whole"))),
        negation=_words(pack, "never_before"),
        complaint=_words(pack, "still"),
        others=_words(pack, "others"),
        writer=_words(pack, "self"),
        services=_words(pack, "person_after_talk"),
        feature=_words(pack, "feature"),
    )


@functools.cache
def _wishes() -> tuple[_Wish, ...]:
    return tuple(_compile(pack) for pack in packs().values())


@functools.cache
def _polite() -> re.Pattern[str]:
    """Words around a short wish that change nothing: "human please"."""
    words = ["please", "bitte", "s il vous plait", "s il te plait", "svp", "por favor", "من فضلك", "لو سمحت", "رجاء",
             "per favore", "alstublieft", "prosze", "lutfen", "пожалуйста", "thanks", "danke", "merci", "gracias",
             "now", "jetzt", "maintenant", "ahora", "hi", "hello", "hallo", "bonjour", "hola"]  # fmt: skip
    return re.compile(rf"\b{any_of(words)}\b")


def wants_person(text: str) -> bool:
    """Whether this message asks for a human being."""
    clauses = plain(text)
    bare = " ".join(_polite().sub(" ", phrase(text)).split())
    return any(bare in wish.whole or wish.matches(clauses) for wish in _wishes())
