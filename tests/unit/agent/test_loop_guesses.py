"""What the loop shows instead of the model's words when these rest on nothing; the stream obeys the same rules."""

from __future__ import annotations

import pytest

from core.agent.language import packs
from core.domain.messages import MessageKind
from tests.contract.responders.world import say
from tests.unit.agent.test_loop import GOOD, Bench


@pytest.mark.parametrize(
    ("said", "code"), [("I'm sorry, I don't know that.", "en"), ("Das weiß ich leider nicht, tut mir leid.", "de")]
)
async def test_the_models_i_dont_know_is_said_in_our_own_words_with_the_offer(said: str, code: str) -> None:
    bench = Bench(say(said))
    reply = await bench.ask("Do you sell bicycles?")
    assert (reply.kind, reply.offers_person) == (MessageKind.UNKNOWN, True)
    assert reply.text == packs()[code].texts["unknown"]
    assert bench.watcher.shown == []


@pytest.mark.parametrize("said", ["Hello, we are open around the clock.", "Hi! Cancelling is free, isn't it?"])
async def test_small_talk_of_the_model_that_claims_something_becomes_our_greeting(said: str) -> None:
    bench = Bench(say(said))
    reply = await bench.ask("hi")
    assert (reply.kind, reply.text) == (
        MessageKind.SMALL_TALK,
        packs()["en"].texts["greeting"].format(company="Tidepool"),
    )
    assert bench.watcher.shown == []


async def test_small_talk_of_the_model_that_claims_nothing_is_shown() -> None:
    bench = Bench(say("Hello! How can I help you today?"))
    assert (await bench.ask("hi")).text == "Hello! How can I help you today?"


async def test_a_guess_behind_i_dont_know_is_shown_neither_in_the_stream_nor_in_the_answer() -> None:
    guess = "I'm not sure, our premium plan includes a lifetime warranty for all users."
    for answer in (f"{GOOD} {guess}", f"{GOOD}\n\n{guess}", f"{guess} {GOOD}"):
        bench = Bench(say(answer))
        reply = await bench.ask()
        assert reply.text == bench.watcher.text_shown == GOOD


async def test_of_an_answer_that_repeats_its_source_only_what_stands_there_is_shown() -> None:
    held = "Click “Forgot password?” on the sign-in page. The link works for 60 minutes."
    bench = Bench(say(f"{held} It is free."))
    reply = await bench.ask()
    assert reply.text == bench.watcher.text_shown == f"{held} [1]"
