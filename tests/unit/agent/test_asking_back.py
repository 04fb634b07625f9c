"""What is asked back, and what counts as an answer to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.agent.asking_back import ask_again, ask_back
from core.agent.choosing import asked_back_last
from core.agent.language import ANSWERED, packs
from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.texts import Texts
from core.domain.choices import choices_in
from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.domain.messages import Author, Message, MessageKind
from core.llm.extractive import ExtractiveResponder
from core.ports.responder import Reply
from handoff.policy import EscalationRules, reason_to_escalate
from tests.contract.responders.world import (
    PRICE,
    REFUNDS,
    RETURNS,
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    message,
    say,
    turn_of,
)

TEXTS = Texts("en", "Tidepool")
QUESTION = "What about my money?"


def near(*passages: Passage, doubt: float | None = 0.3, score: float = 0.4) -> Retrieval:
    return Retrieval(tuple(replace(one, score=score) for one in passages), 0.5, doubt)


def asked(reply: Reply | None) -> list[Message]:
    assert reply is not None
    said = message(reply.text, seq=2, author=Author.AGENT, kind=reply.kind, meta=reply.meta)
    return [message(QUESTION, seq=1), said]


def test_at_most_three_are_named_each_once() -> None:
    many = [replace(REFUNDS, id=f"p{number}", section=f"Section {number // 2}") for number in range(10)]
    reply = ask_back(near(*many), QUESTION, (), TEXTS)
    assert reply is not None
    assert [one.label for one in choices_in(reply.meta)] == [f"Terms › Section {number}" for number in range(3)]
    assert "4." not in reply.text


def test_the_best_has_to_be_between_the_bounds_and_the_others_near_it() -> None:
    found = Retrieval((replace(REFUNDS, score=0.4), replace(RETURNS, score=0.29), replace(PRICE, score=0.25)), 0.5, 0.3)
    reply = ask_back(found, QUESTION, (), TEXTS)
    assert reply is not None
    assert [one.passage for one in choices_in(reply.meta)] == [REFUNDS.id, RETURNS.id]
    assert ask_back(replace(found, doubt=0.41), QUESTION, (), TEXTS) is None


def test_titles_without_words_and_the_same_place_are_no_choice() -> None:
    assert ask_back(near(REFUNDS, replace(REFUNDS, id="other")), QUESTION, (), TEXTS) is None
    assert ask_back(near(REFUNDS, replace(RETURNS, question="…")), QUESTION, (), TEXTS) is None


def test_where_there_is_an_answer_or_no_second_bound_nothing_is_asked_back() -> None:
    assert ask_back(near(REFUNDS, RETURNS, score=0.6), QUESTION, (), TEXTS) is None
    assert ask_back(near(REFUNDS, RETURNS, score=0.2), QUESTION, (), TEXTS) is None
    assert ask_back(near(REFUNDS, RETURNS, doubt=None), QUESTION, (), TEXTS) is None


def test_a_title_is_one_short_line_without_markers() -> None:
    odd = replace(REFUNDS, title="All [1]\nabout " + "very " * 40 + "long", section=None)
    reply = ask_back(near(odd, RETURNS), QUESTION, (), TEXTS)
    assert reply is not None
    label = choices_in(reply.meta)[0].label
    assert len(label) <= 72
    assert "\n" not in label
    assert "[1]" not in label


@pytest.mark.parametrize("code", ANSWERED)
def test_every_language_says_how_to_answer(code: str) -> None:
    assert "{choices}" in packs()[code].texts["ask_back"]


@pytest.mark.parametrize("code", ANSWERED)
def test_after_a_slip_the_numbers_are_named_and_what_they_mean(code: str) -> None:
    back = ask_back(near(REFUNDS, RETURNS, PRICE), QUESTION, (), Texts(code, "Tidepool"))
    assert back is not None
    again = ask_again(choices_in(back.meta), Texts(code, "Tidepool"))
    first, *_ = again.text.splitlines()
    assert "1, 2 " in first
    assert "3" in first
    assert "3. Plans and prices" in again.text
    assert (again.kind, again.intent, choices_in(again.meta)) == (back.kind, back.intent, choices_in(back.meta))


def test_small_talk_between_does_not_allow_another_question_back() -> None:
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    thanked = message("You're welcome!", seq=4, author=Author.AGENT, kind=MessageKind.SMALL_TALK)
    assert asked_back_last([*history, message("thanks", seq=3), thanked])
    answered = message("It costs 9 euros.", seq=4, author=Author.AGENT, kind=MessageKind.ANSWER)
    assert not asked_back_last([*history, message("1", seq=3), answered])
    assert not asked_back_last([])


async def test_a_colleague_is_told_that_it_is_not_known() -> None:
    docs = Docs({"money": REFUNDS, "back": RETURNS}, doubt=0.3)
    inside = AgentSettings(audience=KnowledgeAudience.STAFF)
    turn = turn_of("Can I get my money back?")
    without = await ExtractiveResponder(docs, inside, SteppingClock()).respond(turn, "t1", Watcher())
    model = ScriptedModel(say("Yes, within a year."))
    with_model = await AgentLoop(model, docs, MemoryJournal(), inside, SteppingClock()).respond(turn, "t1", Watcher())
    assert (without.kind, with_model.kind) == (MessageKind.UNKNOWN, MessageKind.UNKNOWN)


async def test_several_questions_are_not_asked_back() -> None:
    docs = Docs({"money": REFUNDS, "back": RETURNS}, doubt=0.3)
    turn = turn_of("Can I get my money back? Who pays for the parcel back?")
    reply = await ExtractiveResponder(docs, AgentSettings(), SteppingClock()).respond(turn, "t1", Watcher())
    assert reply.kind is MessageKind.UNKNOWN
    assert choices_in(reply.meta) == ()


async def test_both_are_answered() -> None:
    docs = Docs({"money": REFUNDS, "back": RETURNS}, doubt=0.3)
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    turn = turn_of(message("both", seq=3), history=history)
    reply = await ExtractiveResponder(docs, AgentSettings(), SteppingClock()).respond(turn, "t1", Watcher())
    assert "5 business days" in reply.text
    assert "post office" in reply.text
    assert [citation.id for citation in reply.citations] == [REFUNDS.id, RETURNS.id]
    assert not reply.offers_person


async def test_a_model_is_given_both_and_what_was_asked_first() -> None:
    docs = Docs({"money": REFUNDS, "back": RETURNS}, doubt=0.3)
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    model = ScriptedModel(say("Refunds take 5 business days [1]. Hand it in at any post office [2]."))
    loop = AgentLoop(model, docs, MemoryJournal(), AgentSettings(), SteppingClock())
    reply = await loop.respond(turn_of(message("both", seq=3), history=history), "t1", Watcher())
    assert [citation.id for citation in reply.citations] == [REFUNDS.id, RETURNS.id]
    assert model.requests[0].messages[-1].content.splitlines() == [QUESTION, "Terms › Refunds", RETURNS.question]


async def test_of_both_what_is_gone_is_named() -> None:
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    turn = turn_of(message("both", seq=3), history=history)
    docs = Docs({"back": RETURNS}, doubt=0.3)
    reply = await ExtractiveResponder(docs, AgentSettings(), SteppingClock()).respond(turn, "t1", Watcher())
    assert "nothing in our documents that clearly answers “Terms › Refunds”" in reply.text
    assert [citation.id for citation in reply.citations] == [RETURNS.id]
    assert reply.offers_person


async def test_a_slip_asks_no_model() -> None:
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    model = ScriptedModel()
    loop = AgentLoop(model, Docs(), MemoryJournal(), AgentSettings(), SteppingClock())
    for said, kind in (("9", MessageKind.ANSWER), ("neither", MessageKind.UNKNOWN)):
        reply = await loop.respond(turn_of(message(said, seq=3), history=history), "t1", Watcher())
        assert (reply.kind, model.requests) == (kind, [])


async def test_slips_bring_nobody_however_many() -> None:
    """Also where the company calls a person after two replies without an answer."""
    unknown = Reply("I don't know.", MessageKind.UNKNOWN)
    back = ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS)
    assert back is not None
    history = [message("Do you sell bicycles?", seq=1), _kept(unknown, 2), message(QUESTION, seq=3), _kept(back, 4)]
    for said in ("9", "thanks", "nr. 8", "yes", "9"):
        turn = turn_of(message(said, seq=len(history) + 1), history=history)
        reply = await ExtractiveResponder(Docs(), AgentSettings(), SteppingClock()).respond(turn, "t1", Watcher())
        assert reason_to_escalate(turn, reply, EscalationRules(unanswered=2), ()) is None
        history += [*turn.pending, _kept(reply, len(history) + 2)]
    turn = turn_of(message("nr. 2", seq=len(history) + 1), history=history)
    docs = Docs({"back": RETURNS})
    reply = await ExtractiveResponder(docs, AgentSettings(), SteppingClock()).respond(turn, "t1", Watcher())
    assert [citation.id for citation in reply.citations] == [RETURNS.id]


def _kept(reply: Reply, seq: int) -> Message:
    meta = {**reply.meta, "intent": reply.intent, "confidence": reply.confidence}
    return message(reply.text, seq=seq, author=Author.AGENT, kind=reply.kind, meta=meta)


async def test_what_was_chosen_and_is_gone_is_not_known() -> None:
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    turn = turn_of(message("1", seq=3), history=history)
    reply = await ExtractiveResponder(Docs({}, doubt=0.3), AgentSettings(), SteppingClock()).respond(
        turn, "t1", Watcher()
    )
    assert reply.kind is MessageKind.UNKNOWN
    assert reply.offers_person


async def test_a_knowledge_base_that_went_away_meanwhile_is_no_reason_to_fail() -> None:
    class Once(Docs):
        async def retrieve(self, query: str, **more: Any) -> Retrieval:
            if self.queries:
                raise KnowledgeUnavailable("away")
            return await super().retrieve(query, **more)

    docs = Once({"money": REFUNDS, "back": RETURNS}, doubt=0.3)
    loop = AgentLoop(ScriptedModel(say("Yes, within a year.")), docs, MemoryJournal(), AgentSettings(), SteppingClock())
    reply = await loop.respond(turn_of("Can I get my money back?"), "t1", Watcher())
    assert reply.kind is MessageKind.UNKNOWN


async def test_a_model_does_not_ask_back_where_we_just_did() -> None:
    docs = Docs({"money": REFUNDS, "back": RETURNS}, doubt=0.3)
    history = asked(ask_back(near(REFUNDS, RETURNS), QUESTION, (), TEXTS))
    for before, kind in ((history, MessageKind.UNKNOWN), ([], MessageKind.ANSWER)):
        model = ScriptedModel(say("Which money do you mean?"))
        loop = AgentLoop(model, docs, MemoryJournal(), AgentSettings(), SteppingClock())
        turn = turn_of(message("I mean the money that I want back", seq=3), history=before)
        assert (await loop.respond(turn, "t1", Watcher())).kind is kind


def test_what_a_model_asked_back_in_its_own_words_counts_too() -> None:
    said = message("Which one?", seq=2, author=Author.AGENT, kind=MessageKind.ANSWER, meta={"intent": "clarify"})
    assert ask_back(near(REFUNDS, RETURNS), QUESTION, [message(QUESTION), said], TEXTS) is None
