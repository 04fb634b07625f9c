"""What the loop shows instead of the model's words when these rest on nothing; the stream obeys the same rules."""

from __future__ import annotations

import pytest

from core.agent.language import packs
from core.domain.messages import Author, MessageKind
from tests.contract.responders.world import message, say
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


async def test_short_talk_needs_no_verifier_where_the_customer_only_talks() -> None:
    thanked = Bench(say("You're very welcome! Have a great day."))
    thanked.reviewer.verdicts = {"": "unsupported"}
    assert (await thanked.ask("Thank you!")).text == "You're very welcome! Have a great day."
    asked = Bench(say("It is all done now."))
    asked.reviewer.verdicts = {"": "unsupported"}
    assert (await asked.ask("Please cancel my order.")).kind is MessageKind.UNKNOWN


@pytest.mark.parametrize(
    ("asked", "agreed", "claimed"),
    [
        ("Shall I cancel it for you?", "ok", "I cancelled everything."),
        ("Soll ich alles stornieren?", "ok danke", "Ich habe alles storniert."),
        ("我可以帮您取消吗？", "谢谢", "已经为您取消了。"),
        ("You can end it in the settings.", "thanks", "It is all sorted now."),
        ("Would you like to talk to a person?", "no thanks", "Cancelled, all of it."),
    ],
)
async def test_short_talk_is_put_to_the_verifier_where_a_deed_may_be_claimed(
    asked: str, agreed: str, claimed: str
) -> None:
    bench = Bench(say(claimed))
    bench.reviewer.verdicts = {"": "promises"}
    wished = message("Please stop my subscription.", seq=1)
    offered = message(asked, seq=2, author=Author.AGENT, meta={"offers_person": "person" in asked})
    reply = await bench.ask(message(agreed, seq=3), history=[wished, offered])
    assert claimed not in reply.text
    assert bench.watcher.text_shown == ""


async def test_one_word_that_names_what_was_asked_for_is_no_mere_opening() -> None:
    bench = Bench(say("Refunded! Is there anything else?"))
    bench.reviewer.verdicts = {"Refunded": "promises"}
    reply = await bench.ask("Please refund my order.")
    assert "Refunded" not in bench.watcher.text_shown + reply.text


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
