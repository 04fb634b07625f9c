"""Understands "I want to talk to a person" in the languages of ``languages/*.toml``.

A wish is a way of asking and a word for a person with only small words between them ("talk to a real human"), in either
order, so that "how do I add a person to my project" is not one. After a weak way of asking ("I need …") the person must
end the clause, so that "I need staff reports" is not one either. Since a missed wish is worse than a needless hand-over,
only this turns it off:

- a negation that belongs to the asking itself, with nothing but ``negated`` words between ("don't want to talk …"),
  unless the customer complains that it cannot be done (``still``);
- others who would do the talking, next to a word that lets them (``enabling``: "can my customers talk …", "let users …";
  ``enabling_after`` where a language puts it behind them), or while the customer wants something else (``instead``: "my
  colleague wants to talk …, but I just need the price");
- a part of the product that is named after it ("… button", "disable talk …");
- a question whether one is needed at all (``questioned``: "do I need an agent?"); see ``person_inquiry`` for the other
  questions that only mention it ("how much does it cost to talk to a human?").

A wish to be called is one too (see ``callback``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from core.agent.callback import wants_call
from core.agent.language import LanguagePack, packs
from core.agent.person_inquiry import Inquiry
from core.agent.phrases import any_of, one_of, words_of
from core.agent.wording import phrase, plain

_NEGATION_REACH = 3  # words behind a negation, in a language that does not list which may stand there
_OTHERS_REACH = 4  # words between others and the talking; where the verb comes last, its objects stand there too
_LAST_VERB_REACH = 6
_READ = 20_000
"""Characters of one message. A page has some 3,000; nobody hides a wish in the middle of a book."""
_WINDOW, _AROUND = 1_000, 500
"""Characters in which wishes are looked for at once, and how much around them tells what is meant."""
_SENTENCE = re.compile(r"([^?!.…\n؟？。！]+)([?!؟？！]?)")
"""What is said, and its mark if it is asked or exclaimed. It matches wherever it begins, so that long texts take linear time."""
_ASKED, _EXCLAIMED = frozenset("?؟？"), frozenset("!！")


@dataclass(frozen=True, slots=True)
class _Form:
    """A way to say it. ``weak``: needs more care; ``reach``: how far from it those may stand who would do the talking.

    ``anew``: said behind something else, so that a person who is named there may be meant ("add a manager, and can the
    manager help me …").
    """

    pattern: re.Pattern[str]
    reach: int = _OTHERS_REACH
    weak: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class _Wish:
    """``writer`` behind others: it is the customer who wants to talk after all; ``services`` are not others."""

    forms: tuple[_Form, ...]
    phrases: re.Pattern[str] | None
    whole: frozenset[str]
    negation: re.Pattern[str]
    denied: re.Pattern[str]
    complaint: re.Pattern[str]
    others: re.Pattern[str]
    enabled: re.Pattern[str]
    instead: re.Pattern[str]
    writer: re.Pattern[str]
    services: re.Pattern[str]
    person: re.Pattern[str]
    product: re.Pattern[str]
    feature: re.Pattern[str]
    questioned: re.Pattern[str]
    inquiry: Inquiry

    def matches(self, text: str, asking: Collection[str]) -> bool:
        """``asking``: the clauses of ``text`` that a question mark ends."""
        if self.phrases and self.phrases.search(text):
            return True
        return any(
            self._meant(window, form, match, asking)
            for window, core in _windows(text)
            for form in self.forms
            for match in form.pattern.finditer(window)
            if match.start() in core
        )

    def _meant(self, text: str, form: _Form, match: re.Match[str], asking: Collection[str]) -> bool:
        return (
            self._stands(text, form, match)
            and not self._for_others(text, match)
            and not self._inquired(text, match, asking)
        )

    def _inquired(self, text: str, match: re.Match[str], asking: Collection[str]) -> bool:
        """A complaint that it cannot be done ("why was I not …") is a wish whatever it looks like."""
        before, after = text[: match.start()], text[match.end() :].split("|", 1)[0]
        own = f"{before.rsplit('|', 1)[-1]} {match.group()}"
        if self.complaint.search(own) and self.denied.search(own):
            return False
        return self.inquiry.holds(before, match.group(), after, asking)

    def _stands(self, text: str, form: _Form, match: re.Match[str]) -> bool:
        before = text[: match.start()].rsplit("|", 1)[-1].rstrip()
        if self.feature.match(text[match.end() :].lstrip()) or self.product.search(before):
            return False
        if form.anew and self.person.search(text, 0, match.start()):
            return False
        if form.weak and self.questioned.search(before):
            return False
        return not self._negated(before, match.group()) and not self._of_others(before, match.group(), form.reach)

    def _for_others(self, text: str, match: re.Match[str]) -> bool:
        """ "My colleague wants to …, but I just need the price"."""
        clause = self.services.sub(" ", text[: match.start()].rsplit("|", 1)[-1])
        named = any(
            not self.writer.search(f"{clause[one.end() :]} {match.group()}") for one in self.others.finditer(clause)
        )
        return named and bool(self.instead.match(text, match.end()))

    def _negated(self, before: str, asked: str) -> bool:
        return bool(self.negation.search(before)) and not self.complaint.search(f"{before} {asked}")

    def _of_others(self, before: str, asked: str, reach: int) -> bool:
        """ "Can my colleague …", or "mon collègue peut-il …" where what lets them stands between."""
        clause = " ".join(self.services.sub(" ", before).split())
        named = self.others.finditer(clause)
        return any(self._may_talk(one, clause[one.end() :], asked, reach) for one in named)

    def _may_talk(self, others: re.Match[str], between: str, asked: str, reach: int) -> bool:
        if self.writer.search(f"{between} {asked}") or len(between.split()) > reach:
            return False
        return bool(others["enabling"] or self.enabled.match(between))


def _windows(text: str) -> Iterator[tuple[str, range]]:
    """A long text in parts, each with what is around it, so that no place in it is looked at together with all of it.

    The range says which places of a window are its own.
    """
    for start in range(0, max(1, len(text)), _WINDOW):
        before = max(0, start - _AROUND)
        yield text[before : start + _WINDOW + _AROUND], range(start - before, start - before + _WINDOW)


def _forms(pack: LanguagePack) -> tuple[_Form, ...]:
    """talk gap* person; ask gap* person at the clause's end; person gap* after (where the verb comes last);
    able gap* person gap* aid at the clause's start ("can a human help me").
    """

    def one(name: str) -> str:
        return one_of(pack, name)

    gap = rf"(?: {one('gap')}){{0,6}} "
    anybody = f"(?:{one('person')}|{one('person_after_talk')})"
    courteous = rf"(?:{one('polite')} )?"
    joins, adds = one_of(pack, "joins", "question"), one_of(pack, "adds", "question")
    begin, helper = r"(?:^|(?<=\| ))", rf"{gap}{one('person')}{gap}{one('aid')}\b"
    ends = rf"(?= \||$| {one('tail')}\b| {one('last')}(?: \||$))"
    return (
        _Form(re.compile(rf"\b{one('talk')}{gap}{anybody}\b")),
        _Form(re.compile(rf"\b{one('ask')}{gap}{one('person')}\b{ends}"), weak=True),
        _Form(re.compile(rf"\b{anybody}{gap}{one('after')}\b"), reach=_LAST_VERB_REACH),
        _Form(re.compile(rf"{begin}{courteous}{one('able')}{helper}")),
        _Form(re.compile(rf"(?:{begin}{joins}|\b{adds}) {courteous}{one('able')}{helper}"), anew=True),
    )


def _negation(pack: LanguagePack) -> re.Pattern[str]:
    may_follow = rf"(?: {one_of(pack, 'negated')})*"
    if not pack.words("person", "negated"):
        may_follow = rf"(?: [^ |]+){{0,{_NEGATION_REACH}}}"
    return re.compile(rf"\b{one_of(pack, 'never_before')}{may_follow}$")


def _others(pack: LanguagePack) -> re.Pattern[str]:
    """Those others, with what lets them where it stands up to two words before."""
    return re.compile(
        rf"(?:\b(?P<enabling>{one_of(pack, 'enabling')})(?: [^ |]+){{0,2}}? )?\b{one_of(pack, 'others')}\b"
    )


def _instead(pack: LanguagePack) -> re.Pattern[str]:
    """What the customer wants, in the same clause or the next one; not another way to say a person."""
    anybody = f"(?:{one_of(pack, 'person')}|{one_of(pack, 'person_after_talk')})"
    a_person = rf"(?: {one_of(pack, 'gap')})* {anybody}\b"
    return re.compile(rf"[^|]*(?: \|)?(?: [^ |]+){{0,3}} {one_of(pack, 'instead')}\b(?!{a_person})")


def _phrases(entries: Sequence[str]) -> re.Pattern[str] | None:
    if not entries:
        return None
    spaced = [entry for entry in entries if entry.isascii() or " " in entry]
    dense = [entry for entry in entries if entry not in spaced]
    parts = ([rf"\b{any_of(spaced)}\b"] if spaced else []) + ([any_of(dense)] if dense else [])
    return re.compile("|".join(parts))


def _compile(pack: LanguagePack) -> _Wish:
    return _Wish(
        forms=_forms(pack),
        phrases=_phrases(pack.words("person", "phrases")),
        whole=frozenset(map(phrase, pack.words("person", "whole"))),
        negation=_negation(pack),
        denied=words_of(pack, "never_before"),
        complaint=words_of(pack, "still"),
        others=_others(pack),
        instead=_instead(pack),
        enabled=re.compile(rf" {one_of(pack, 'enabling_after')}$"),
        writer=words_of(pack, "self"),
        services=words_of(pack, "person_after_talk"),
        person=words_of(pack, "person"),
        product=re.compile(rf"\b{one_of(pack, 'product')}(?: {one_of(pack, 'gap')})*$"),
        feature=words_of(pack, "feature"),
        questioned=re.compile(rf"\b{one_of(pack, 'questioned')}$"),
        inquiry=Inquiry.of(pack),
    )


@functools.cache
def _wishes() -> tuple[_Wish, ...]:
    return tuple(_compile(pack) for pack in packs().values())


@functools.cache
def _polite() -> re.Pattern[str]:
    """Words around a short wish that change nothing: "human please"."""
    return re.compile(rf"\b{any_of(entry for pack in packs().values() for entry in pack.words('person', 'polite'))}\b")


@functools.lru_cache(maxsize=256)
def wants_person(text: str) -> bool:
    """Whether this message asks for a human being.

    A short wish counts in a clause of its own when it is a polite one, and as an exclamation that no question
    follows ("Should I shout? Human!"). Of a text as long as a book the beginning and the end are read.
    """
    if len(text) > _READ:
        text = f"{text[: _READ // 2]}\n{text[-_READ // 2 :]}"
    clauses = plain(text)
    asking = {plain(said).rsplit("|", 1)[-1].strip() for said, mark in _SENTENCE.findall(text) if mark in _ASKED}
    short = {_without_courtesy(phrase(text))}
    short |= {_without_courtesy(clause) for clause in clauses.split("|") if _polite().search(clause)}
    last = text[max(map(text.rfind, _ASKED)) + 1 :]
    short |= {_without_courtesy(phrase(said)) for said, mark in _SENTENCE.findall(last) if mark in _EXCLAIMED}
    return wants_call(text) or any(short & wish.whole or wish.matches(clauses, asking) for wish in _wishes())


def _without_courtesy(clause: str) -> str:
    return " ".join(_polite().sub(" ", clause).split())
