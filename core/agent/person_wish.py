"""Recognise "I want to talk to a person" without a model, in the languages of ``languages/*.toml``.

With a model this is the fast path beside its tool ``escalate_to_human``; a wish that is missed here is then the model's to see.

A wish is a way of asking and a word for a person with only small words between them, in one clause and in either order; or
asking for ``anyone`` ``whom`` one can ``converse`` with; or one of the wordings in which the hub itself offers a person.
Lists of ``[person]`` in the language files say when it is none:

- a negation (``never_before`` and what may follow it, ``negated``) or one of ``just_before`` ("disable") stands right before it;
- the nearest word before it speaks of ``others`` ("my colleague", "do I have to") and not of one's ``own`` wish ("I want");
- it holds or is followed by ``circumstances`` ("on weekends", "button"), or something else is wanted ``instead``;
- it is only ``supposed`` ("if I want …", but not "if I can …"), or, in a question, ``asked`` about.

A ``complaint`` ("why can't I …") is a wish whatever else it looks like. So is the wish to be ``called``: with a phone number a
clause has to begin with it, without one it has to be the whole message.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.agent.language import LanguagePack, packs
from core.agent.phrases import Phrases, any_of, one_of, words_of
from core.agent.wording import CLAUSE, phrase, plain
from core.domain.contact_details import spot_contact_details

_POLITE = Phrases("person.polite")
"""Words around a short wish that change nothing: "human please"."""
_BESIDE = Phrases("person.polite", "person.after_all")
_AFTER_ALL = Phrases("person.after_all")
_ANSWERS = Phrases("talk.yes", "talk.no")
_OTHERS_REACH = 4  # words between others and the asking
_NEGATION_REACH = 2  # words behind a negation, in a language that does not list which may stand there
_READ = 20_000
"""Characters of one message that are read: of a longer one the beginning and the end."""
_WINDOW, _AROUND = 1_000, 500
"""Characters in which wishes are looked for at once, and how much around them tells what is meant."""
_SAID = re.compile(r"([^?!.…\n؟？。！]+)([!！]?)")
"""What is said, and its mark if it is exclaimed. It matches wherever it begins, so that long texts take linear time."""
_ASKED = "?؟？"


@dataclass(frozen=True, slots=True)
class _Wish:
    """The patterns of one language. ``helper`` asks for a person's help at the beginning of a clause ("can a human help me").

    ``forms`` and ``helper`` match nothing where ``anyone`` does not, which is looked for first.
    """

    anyone: re.Pattern[str]
    forms: tuple[re.Pattern[str], ...]
    helper: re.Pattern[str]
    phrases: re.Pattern[str]
    whole: frozenset[str]
    called: re.Pattern[str]
    denied: re.Pattern[str]
    person: re.Pattern[str]
    supposed: re.Pattern[str]
    parted: re.Pattern[str]
    blocked: re.Pattern[str]
    frame: re.Pattern[str]
    circumstances: re.Pattern[str]
    instead: re.Pattern[str]
    asked: re.Pattern[str]

    def matches(self, text: str, *, is_question: bool) -> bool:
        """Whether a plain text (see ``wording``) holds a wish."""
        return self.phrases.search(text) is not None or any(
            self._is_meant(window, match, is_question=is_question)
            for window, core in _windows(text)
            if self.anyone.search(window)
            for form in (*self.forms, self.helper)
            for match in form.finditer(window)
            if match.start() in core
        )

    def _is_meant(self, text: str, match: re.Match[str], *, is_question: bool) -> bool:
        begin = max((one.end() for one in self.parted.finditer(text, 0, match.start())), default=0)
        before = text[begin : match.start()]
        frames = [one for one in self.frame.finditer(text, begin, match.end()) if one.start() <= match.start()]
        if any(frame["complaint"] for frame in frames):
            return True
        after = text[match.end() :].split(CLAUSE, 1)[0]
        nearest = frames[-1] if frames else None
        of_others = nearest and nearest["others"] and len(text[nearest.end() : match.start()].split()) <= _OTHERS_REACH
        return not (
            of_others
            or self.blocked.search(before.rstrip())
            or self.circumstances.search(match.group() + after)
            or self.instead.search(text, match.end())
            or (is_question and self.asked.search(before))
            or (
                match.re is self.helper and (self.person.search(text, 0, match.start()) or self.supposed.search(before))
            )
        )

    def asks_for_call(self, clauses: list[str], *, left_number: bool) -> bool:
        """Whether one of the clauses asks to be called. Without a number there has to be no other."""
        if not left_number:
            return len(clauses) == 1 and self.called.fullmatch(clauses[0]) is not None
        return any(self.called.match(clause) and not self.denied.search(clause) for clause in clauses)


def _windows(text: str) -> Iterator[tuple[str, range]]:
    """A long text in parts, each with what is around it, so that no place in it is looked at together with all of it.

    The range says which places of a window are its own.
    """
    for start in range(0, max(1, len(text)), _WINDOW):
        before = max(0, start - _AROUND)
        yield text[before : start + _WINDOW + _AROUND], range(start - before, start - before + _WINDOW)


def _phrases(pack: LanguagePack) -> re.Pattern[str]:
    """As whole words, but for scripts without spaces."""
    entries = pack.words("person", "phrases")
    dense = [entry for entry in entries if not entry.isascii() and " " not in entry]
    spaced = [entry for entry in entries if entry not in dense]
    parts = ([rf"\b{any_of(spaced)}\b"] if spaced else []) + ([any_of(dense)] if dense else [])
    return re.compile("|".join(parts) or "(?!)")


def _blocked(pack: LanguagePack) -> re.Pattern[str]:
    """What stands right before the asking: a negation, what is done to a button, or "if I want"."""
    negated = one_of(pack, "negated")
    behind_negation = rf"(?: {negated})*"
    if not pack.words("person", "negated"):
        behind_negation = rf"(?: [^ |]+){{0,{_NEGATION_REACH}}}"
    never_before = one_of(pack, "never_before") + behind_negation
    just_before = rf"{one_of(pack, 'just_before')}(?: {one_of(pack, 'gap')})*"
    wanting = rf"(?! {one_of(pack, 'able')}\b) (?:{one_of(pack, 'own')}|{one_of(pack, 'others')}|{negated})\b"
    supposed = rf"{one_of(pack, 'supposed')}(?:{wanting})*+"  # possessive: "i want" is in it as one and as two
    return re.compile(rf"\b(?:{never_before}|{just_before}|{supposed})$")


def _compile(pack: LanguagePack) -> _Wish:
    def one(name: str, section: str = "person") -> str:
        return one_of(pack, name, section)

    gap, person, joins = rf"(?: {one('gap')}){{0,6}} ", one("person"), one("joins", "question")
    anybody = f"(?:{person}|{one('person_after_talk')})"
    ends = rf"(?= \||$| {one('tail')}\b| (?:{one('last')}|{one('after_all')})(?: \||$))"
    anyone = rf"(?:{anybody}|{one('anyone')})"
    forms = (
        rf"\b{one('talk')}{gap}{anybody}\b",
        rf"\b(?:{one('ask')}|{one('talk')}){gap}{person}\b{ends}",
        rf"\b{anybody}{gap}{one('after')}\b",
        rf"\b{one('ask')}{gap}{anyone}(?: \|)? {one('whom')}(?: {one('gap')}){{0,2}} {one('converse')}\b",
    )
    frames = {"complaint": one("complaint"), "others": f"{one('others')}|{one('circumstances')}", "own": one("own")}
    return _Wish(
        anyone=re.compile(anyone),
        forms=tuple(map(re.compile, forms)),
        helper=re.compile(
            rf"(?:^|(?<=\| )|\b{joins} )(?:{one('polite')} )?{one('able')}{gap}{person}{gap}{one('aid')}\b"
        ),
        phrases=_phrases(pack),
        whole=frozenset(map(phrase, (*pack.words("person", "whole"), pack.texts.get("offer", "")))) - {""},
        called=re.compile(rf"(?:{joins} )*{one('called')}(?!\w)"),
        denied=words_of(pack, "never_before"),
        person=words_of(pack, "person"),
        supposed=words_of(pack, "supposed"),
        parted=re.compile(rf"\||\b{joins}\b"),
        blocked=_blocked(pack),
        frame=re.compile(rf"\b(?:{'|'.join(f'(?P<{name}>{words})' for name, words in frames.items())})\b"),
        circumstances=words_of(pack, "circumstances"),
        instead=re.compile(rf"\b{one('instead')}\b(?!(?: {one('gap')})* {anybody}\b)"),
        asked=words_of(pack, "asked"),
    )


@functools.cache
def _wishes() -> tuple[_Wish, ...]:
    return tuple(map(_compile, packs().values()))


@functools.lru_cache(maxsize=256)
def wants_person(text: str) -> bool:
    """Whether this message asks for a human being.

    A short wish counts in a clause of its own when it is a polite one, behind a bare yes or no ("no, a person after all"), and
    as an exclamation that no question follows ("Should I shout? Human!").
    """
    if len(text) > _READ:
        text = f"{text[: _READ // 2]}\n{text[-_READ // 2 :]}"
    clauses = plain(text)
    last_asked = max(map(text.rfind, _ASKED))
    short = {phrase(text), *(clause for clause in clauses.split(CLAUSE) if _POLITE.are_in(clause))}
    short |= {phrase(said) for said, mark in _SAID.findall(text[last_asked + 1 :]) if mark}
    telling = [one for one in map(_POLITE.removed_from, clauses.split(CLAUSE)) if one and one not in _ANSWERS.known]
    short |= {clause for clause in telling if len(telling) == 1 and _AFTER_ALL.are_in(clause)}
    short |= set(map(_BESIDE.removed_from, short))
    number = spot_contact_details(text).phone
    spoken = [_POLITE.removed_from(one) for one in plain(text.replace(number or "\0", " ")).split(CLAUSE)]
    spoken = [clause for clause in spoken if clause]
    return any(
        short & wish.whole
        or wish.asks_for_call(spoken, left_number=number is not None)
        or wish.matches(clauses, is_question=last_asked >= 0)
        for wish in _wishes()
    )
