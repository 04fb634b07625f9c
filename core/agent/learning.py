"""Finds what customers say of themselves: by a language model, and by rules in the languages of ``languages/*.toml``."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.agent.contact import only_contact_details
from core.agent.customer_facts import relevance
from core.agent.exact_parts import adds_to
from core.agent.excerpt import clip
from core.agent.language import packs
from core.agent.own_words import unquoted
from core.agent.phrases import Phrases, any_of
from core.agent.prompting import system_prompt
from core.agent.questions import opens_a_question
from core.agent.tokens import trim
from core.agent.whole_answer import SparedModel, read_object
from core.agent.wording import content_stems, phrase
from core.domain.budget import Spender, spending, stranger_among
from core.domain.customer import ContactDetails
from core.domain.memory import LONGEST_FACT, LONGEST_SUBJECT, Fact, FactKind
from core.domain.messages import Author, Message
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock
from core.ports.memories import Learned, Unremembered

_READ = 600
"""Characters of a message that are read by rules."""
_SHORT = 160
_PARTICLE = 3
"""Letters of a word that may stand beside a wish for a language where its language has no list of such words ("po polsku")."""
_TOKENS, _ANSWER, _SUMMARY = 200, 1_500, 1_500
_MOST, _MOST_KNOWN = 20, 60
_NAME = re.compile(
    r"[\s:：,]*([^\W\d_][^\s\d.,;:!?،؛。，()\"“”]{0,30}(?:[ \t]+[^\W\d_][^\s\d.,;:!?،؛()\"“”]{0,30}){0,2})"
)
_COPULA = re.compile("(?:です|と申します|といいます)$")
_CLAUSE = re.compile(r"[^.!?…\n؟。！？;；]+[?؟？]?")
_COMMA = re.compile("[,،、，:：]")
_ASKS = ("?", "؟", "？")
_BESIDE = Phrases("person.polite", "talk.greeting", "talk.filler")
_JOINS = Phrases("question.joins")
_NO_CALLS, _LANGUAGE, _NOT = Phrases("memory.no_calls"), Phrases("memory.language"), Phrases("memory.not")
_DAYS = Phrases("memory.days")
_IMPORTANCE = {FactKind.NAME: 5, FactKind.LANGUAGE: 5}


class RuleLearner:
    """Implements Learner. Names, languages, contact details, and whether they may be called."""

    async def learn(self, part: Unremembered) -> Learned:
        return await asyncio.to_thread(_by_rules, part)


class ModelLearner:
    """Implements Learner over a language model: one call, whose tokens the customer spends. The rules stand in for it."""

    def __init__(self, model: ChatModel, clock: Clock, company: str, *, seconds: float = 60.0) -> None:
        self._model = SparedModel(model, clock, "memory", seconds=seconds)
        self._company = company

    async def learn(self, part: Unremembered) -> Learned | None:
        if not part.messages:
            return Learned()
        shown = {
            "known": [{"subject": one.subject, "text": one.text} for one in part.memory.facts[-_MOST_KNOWN:]],
            "summary": part.summary or "",
            "messages": [
                {"number": number, "by": one.author, "text": trim(unquoted(one.text), _TOKENS)}
                for number, one in enumerate(part.messages, start=1)
            ],
        }
        question = ChatMessage("user", json.dumps(shown, ensure_ascii=False, separators=(",", ":")))
        request = ChatRequest((system_prompt(self._company, "memory"), question), max_tokens=_ANSWER)
        spender = stranger_among(part.messages) or Spender(f"customer:{part.customer_id}", group=part.group)
        with spending(replace(spender, customer_id=part.customer_id, conversation_id=part.conversation_id)):
            answer = await self._model.ask(request)
        if answer is None:
            return None
        found = read_object(answer)
        summary = found.get("summary")
        stated, told = await asyncio.to_thread(_by_rules, part), _listed(found, "used")
        used = {one.key for one in part.memory.facts if one.subject in told or one.key in stated.used}
        # Where it holds no list the rules decide: to ask again would cost as much again.
        is_listed = isinstance(found.get("facts"), list)
        facts = list(_facts(_listed(found, "facts"), part.messages)) if is_listed else stated.facts
        return Learned(facts, used, summary[:_SUMMARY] if isinstance(summary, str) and summary else None)


def _customers(messages: Sequence[Message]) -> list[Message]:
    return [one for one in messages if one.author is Author.CUSTOMER]


def _by_rules(part: Unremembered) -> Learned:
    return Learned([fact for one in _customers(part.messages) for fact in stated_facts(one)], _used(part))


def _used(part: Unremembered) -> set[tuple[str, str]]:
    """The facts that share words with what the customer wrote, and those that are always relevant."""
    said = _customers(part.messages)
    wanted = frozenset(content_stems("\n".join(one.text[:_READ] for one in said)))
    return {one.key for one in part.memory.facts if said and relevance(one, wanted) > 0}


def _listed(found: dict[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    return value[:_MOST] if isinstance(value, list) else []


def _facts(found: Iterable[Any], messages: Sequence[Message]) -> Iterator[Fact]:
    """Without what rests on no message of the customer's, or names a number or a link that stands not in it."""
    for one in found:
        fits = isinstance(one, dict) and isinstance(one.get("message"), int) and one.get("kind") in list(FactKind)
        if not fits:
            continue
        place, text, subject = one["message"] - 1, one.get("text"), one.get("subject")
        if not 0 <= place < len(messages) or not isinstance(text, str) or not text.strip():
            continue
        said, about = messages[place], subject if isinstance(subject, str) else ""
        if said.author is Author.CUSTOMER and not adds_to(unquoted(said.text), text):
            importance = one.get("importance")
            weight = importance if isinstance(importance, int) else 2
            yield _fact(said, FactKind(one["kind"]), about, text, min(5, max(1, weight)))


def _fact(said: Message, kind: FactKind, subject: str, text: str, importance: int) -> Fact:
    short, about = clip(" ".join(text.split()), LONGEST_FACT), " ".join(subject.split())[:LONGEST_SUBJECT]
    at = said.created_at
    return Fact(kind, about or str(kind), short, importance, said.conversation_id, said.id, at, at)


def stated_facts(said: Message) -> Iterator[Fact]:
    """What a message says outright, by rules: "my name is Alice", "please write in German", "don't call me"."""
    text = unquoted(said.text[:_READ])
    for clause in _CLAUSE.findall(text):
        for kind, subject, value in _stated(clause, alone=len(text) <= _SHORT):
            yield _fact(said, kind, subject, value, _IMPORTANCE.get(kind, 4))
    contact = only_contact_details(text) if len(text) <= _SHORT else ContactDetails()
    for subject, address in (("email", contact.email), ("phone", contact.phone)):
        if address:
            yield _fact(said, FactKind.CONTACT, subject, address, 4)


def _stated(clause: str, *, alone: bool) -> Iterator[tuple[FactKind, str, str]]:
    """Of what stands between commas and is no question. Who forbids a name ("don't call me Bob") says nothing of calls."""
    pieces = [piece.strip() for piece in _COMMA.split(clause)]
    told = [one for one in pieces if one and not one.endswith(_ASKS) and not opens_a_question(one)]
    for piece in told:
        found = _named().search(piece)
        name = _name_in(piece[found.end() :]) if found else None
        says_it = found is not None and _opens(piece[: found.start()])
        if name and says_it:
            yield FactKind.NAME, "", name
        if (says_it or not name) and _holds(_NO_CALLS, phrase(piece)):
            yield FactKind.PREFERENCE, "calls", piece
    wishes = (_language_wish(phrase(piece)) for piece in (*told, " ".join(told))) if alone else ()
    if language := next(filter(None, wishes), None):
        yield FactKind.LANGUAGE, "", language


def _opens(before: str) -> bool:
    """Whether nothing but a greeting, a please or a joining word stands before something that is said."""
    spoken = phrase(before)
    words = spoken.split()
    return not _BESIDE.removed_from(_JOINS.removed_from(spoken)) or words[-1] in _JOINS.known


def _language_wish(spoken: str) -> str | None:
    """The language that a customer asks to be written to in, and about which they say nothing else.

    The wish opens with the verb or the language, or ends with the verb, as where verbs stand last ("bana Almanca yazın").
    """
    language = _language_names().search(spoken)
    if language is None or not _holds(_LANGUAGE, spoken) or _holds(_NOT, spoken):
        return None
    code = _languages().get(language[0])
    if _DENSE.search(spoken):
        verbs = [spoken.find(one) for one in _LANGUAGE.known if one in spoken]
        return code if _opens(spoken[: min(language.start(), *verbs)]) else None
    bare = _BESIDE.removed_from(_JOINS.removed_from(spoken))
    ends = [
        f"{bare} ".startswith(f"{one} ") or f" {bare}".endswith(f" {one}") for one in (*_LANGUAGE.known, language[0])
    ]
    rest = _LANGUAGE.removed_from(_language_names().sub(" ", _BESIDE.removed_from(spoken)))
    return (
        code if any(ends) and all(len(word) <= _PARTICLE or not content_stems(word) for word in rest.split()) else None
    )


def _holds(phrases: Phrases, spoken: str) -> bool:
    """Also in scripts without spaces, in which a phrase stands within a word."""
    return phrases.are_in(spoken) or any(one in spoken and _DENSE.search(one) for one in phrases.known)


_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@functools.cache
def _named() -> re.Pattern[str]:
    entries = [entry for pack in packs().values() for entry in pack.words("memory", "name")]
    ready = sorted(map(re.escape, entries), key=len, reverse=True)
    spaced = [one for one in ready if not _DENSE.search(one)]
    dense = [one for one in ready if _DENSE.search(one)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)|{'|'.join(dense)}", re.IGNORECASE)


def _name_in(rest: str) -> str | None:
    """The words right behind "my name is": capital letters, where a script has them. No day, and nothing that is shouted."""
    found = _NAME.match(rest)
    words = found[1].split() if found else []
    kept: list[str] = []
    for word in words:
        has_case = word.lower() != word.upper()
        if phrase(word) in _DAYS.known or (has_case and (not word[0].isupper() or (len(word) > 2 and word.isupper()))):
            break
        if kept and not has_case:
            break
        kept.append(word)
    return _COPULA.sub("", " ".join(kept)) or None


@functools.cache
def _languages() -> dict[str, str]:
    """What our languages are called in each of them, folded, with their codes."""
    called = [pack.sections["memory"]["languages"] for pack in packs().values()]
    return {phrase(name): code for names in called for code, name in names.items()}


@functools.cache
def _language_names() -> re.Pattern[str]:
    dense = [one for one in _languages() if _DENSE.search(one)]
    spaced = any_of(one for one in _languages() if not _DENSE.search(one))
    return re.compile(rf"(?<!\w){spaced}(?!\w)|{any_of(dense)}")
