"""What customers want of what is remembered of them, understood without a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.agent.language import ANSWERED, packs
from core.agent.settings import AgentSettings
from core.domain.memory import CustomerMemory
from core.domain.messages import CAME_BY
from core.llm.extractive import ExtractiveResponder
from tests.contract.responders.world import Docs, SteppingClock, Watcher, turn_of
from tests.unit.agent.test_memory_tools import ADDRESS, ALICE, Past, turn


@pytest.mark.parametrize(
    ("text", "told", "left"),
    [
        ("What do you know about me?", "Alice", 1),
        ("Was wissen Sie über mich?", "Alice", 1),
        ("请问，你知道我的什么信息", "", 1),
        ("Please forget everything you know about me", "forgotten", 0),
        ("Vergiss, was du über mich weißt!", "vergessen", 0),
        ("Forget everything about me and send me a refund for order 12", "", 1),
    ],
)
async def test_without_a_model_it_is_shown_and_forgotten_by_rule(text: str, told: str, left: int) -> None:
    past = Past(ALICE)
    responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=past)  # type: ignore[arg-type]
    reply = await responder.respond(turn(text, ALICE), "t1", Watcher())
    assert told in reply.text
    assert len(past.memory.facts) == left


@pytest.mark.parametrize("forget_first", [True, False])
async def test_beside_another_message_both_are_heard(forget_first: bool) -> None:
    past = Past(ALICE)
    responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=past)  # type: ignore[arg-type]
    said = ["Please forget everything you know about me", "How do I reset my password?"]
    state = turn_of(*(said if forget_first else reversed(said)))
    reply = await responder.respond(replace(state, customer=replace(state.customer, facts=(ALICE,))), "t1", Watcher())
    assert past.memory.facts == ()
    assert reply.text.startswith(packs()["en"].texts["memory_forgotten"])
    assert "Forgot password" in reply.text


@pytest.mark.parametrize("question", [(), ("How do I reset my password?",)])
async def test_beside_a_wish_for_a_person_it_is_said_before_the_transfer(question: tuple[str, ...]) -> None:
    past = Past(ALICE)
    responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=past)  # type: ignore[arg-type]
    said = ("Forget everything you know about me", *question, "I want to talk to a person")
    reply = await responder.respond(turn_of(*said), "t1", Watcher())
    assert past.memory.facts == ()
    assert reply.escalation is not None
    assert reply.besides is not None
    assert reply.besides.text.startswith(packs()["en"].texts["memory_forgotten"])
    assert ("Forgot password" in reply.besides.text) == bool(question)


async def test_beside_thanks_it_is_forgotten_and_said_once() -> None:
    past = Past(ALICE)
    responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=past)  # type: ignore[arg-type]
    reply = await responder.respond(turn_of("Forget everything you know about me", "Thank you"), "t1", Watcher())
    assert past.memory.facts == ()
    assert reply.text == packs()["en"].texts["memory_forgotten"]


@pytest.mark.parametrize("code", ANSWERED)
@pytest.mark.parametrize("wish", ["forget", "show"])
@pytest.mark.parametrize("route", [False, True])
async def test_where_others_may_read_it_is_to_be_asked_in_private(code: str, wish: str, route: bool) -> None:
    past = Past(ALICE)
    responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=past)  # type: ignore[arg-type]
    state = turn(packs()[code].words("memory", wish)[0], shared=not route)
    state = replace(state, conversation=replace(state.conversation, locale=code))
    if route:
        state = replace(state, pending=tuple(replace(one, meta={CAME_BY: "mail"}) for one in state.pending))
    reply = await responder.respond(state, "t1", Watcher())
    assert past.memory.facts == (ALICE,)
    assert reply.text in [packs()[one].texts["memory_private"] for one in ANSWERED]


async def test_of_many_facts_those_that_matter_are_told_in_a_reply_of_a_text_messages_length() -> None:
    many = [replace(ADDRESS, subject=str(number), text=f"{number} " + "x" * 290) for number in range(199)]
    past = Past(*many, ALICE)
    responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=past)  # type: ignore[arg-type]
    reply = await responder.respond(turn("What do you know about me?"), "t1", Watcher())
    assert len(reply.text) < 1_800
    assert "- Alice\n" in reply.text
    assert "\n…" in reply.text
    past.memory = CustomerMemory(tuple(replace(one, text="short") for one in many))
    reply = await responder.respond(turn("What do you know about me?"), "t1", Watcher())
    assert reply.text.count("- short") == 40
    assert "\n…" in reply.text
