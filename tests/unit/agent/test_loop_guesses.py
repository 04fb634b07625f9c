"""What the loop shows instead of the model's words when these rest on nothing; the stream obeys the same rules."""

from __future__ import annotations

import pytest

from core.agent.language import packs
from core.domain.messages import MessageKind
from tests.contract.responders.world import say
from tests.unit.agent.test_loop import GOOD, Bench


@pytest.mark.parametrize("said", ["I'm sorry, I don't know that.", "Das weiß ich leider nicht, tut mir leid."])
async def test_the_model_says_in_its_own_words_that_it_does_not_know(said: str) -> None:
    bench = Bench(say(said))
    bench.reviewer.verdicts = {"know": "unknown", "weiß": "unknown"}
    reply = await bench.ask("Do you sell bicycles?")
    assert (reply.kind, reply.offers_person, reply.text) == (MessageKind.UNKNOWN, True, said)


@pytest.mark.parametrize("said", ["Hello, we are open around the clock.", "Hi! Cancelling is free, isn't it?"])
async def test_small_talk_of_the_model_that_claims_something_becomes_our_greeting(said: str) -> None:
    bench = Bench(say(said))
    bench.reviewer.verdicts = {"open": "unsupported", "free": "unsupported"}
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
        bench.reviewer.verdicts = {"warranty": "unsupported"}
        reply = await bench.ask()
        assert reply.text == bench.watcher.text_shown == GOOD


async def test_of_an_answer_that_repeats_its_source_only_what_stands_there_is_shown() -> None:
    bench = Bench(say("Click “Forgot password?” on the sign-in page. The link works for 60 minutes. It is free."))
    bench.reviewer.verdicts = {"free": "unsupported"}
    reply = await bench.ask()
    held = "Click “Forgot password?” on the sign-in page [1]. The link works for 60 minutes."
    assert reply.text == bench.watcher.text_shown == held
