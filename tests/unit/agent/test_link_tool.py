"""The model understands that an address is to be linked; what is sent and said is the hub's."""

from __future__ import annotations

import json

import pytest

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import ToolResult
from core.agent.turn_journal import dump_result, load_result
from core.domain.messages import Author
from core.ports.responder import Reply
from tests.contract.responders.world import (
    MemoryJournal,
    ScriptedModel,
    Shelf,
    SteppingClock,
    Watcher,
    call,
    message,
    say,
    turn_of,
)

NUMBER = "+49 30 123456"
LINK = call("link_identity", json.dumps({"address": NUMBER}))


async def respond(model: ScriptedModel, text: str, **world: object) -> Reply:
    loop = AgentLoop(
        model, Shelf(), MemoryJournal(), AgentSettings(company_name="Tidepool", links_identities=True), SteppingClock()
    )
    return await loop.respond(turn_of(text, **world), "t1", Watcher())  # type: ignore[arg-type]


async def test_the_turn_ends_with_the_wish() -> None:
    model = ScriptedModel(LINK)
    reply = await respond(model, f"Please link the identity address {NUMBER} with this chat")
    assert reply.link == NUMBER
    assert len(model.requests) == 1


async def test_an_address_that_the_customer_did_not_write_is_not_linked() -> None:
    reply = await respond(ScriptedModel(LINK, say("I cannot do that.")), "How do I reset my password?")
    assert reply.link is None


async def test_other_words_are_confirmed_first() -> None:
    said = f"You may also find me under {NUMBER}, could you remember that?"
    asked = await respond(ScriptedModel(LINK, say("I can do that.")), said)
    assert asked.link is None
    assert NUMBER in asked.text
    history = [message(said, seq=1), message(asked.text, seq=2, author=Author.AGENT, meta=asked.meta)]
    assert (await respond(ScriptedModel(LINK), "Yes, please", history=history)).link == NUMBER


@pytest.mark.parametrize("link", [None, NUMBER])
def test_a_wish_survives_a_crash(link: str | None) -> None:
    result = ToolResult("Recorded.", link=link)
    assert load_result(dump_result(result)) == result


def test_results_of_before_have_no_wish() -> None:
    assert load_result('{"content": "x", "sources": [], "escalation": null}').link is None
