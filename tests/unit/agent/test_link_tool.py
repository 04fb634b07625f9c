"""The model understands that an address is to be linked; what is sent and said is the hub's."""

from __future__ import annotations

import json

import pytest

from core.agent.consent import CONFIRM_META
from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import ToolResult, tool
from core.agent.turn_journal import dump_result, load_result
from core.domain.messages import Author, MessageKind
from core.ports.chat_model import ToolCall
from core.ports.responder import Reply
from tests.contract.responders.world import (
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    call,
    message,
    say,
    turn_of,
)

NUMBER = "+49 30 123456"
LINK = call("link_identity", json.dumps({"address": NUMBER}))


WISH = f"Please link the identity address {NUMBER} with this chat"


@tool(effect=False)
def note_fault(what: str) -> str:
    """Open a ticket for something that is broken."""
    return f"Ticket TKT-20261121-0001 is open for the {what}."


@tool(effect=True)
def cancel_order(order: str) -> str:
    """Cancel an order of this customer."""
    return f"Order {order} is cancelled."


async def respond(model: ScriptedModel, text: str, **world: object) -> Reply:
    settings = AgentSettings(company_name="Tidepool", links_identities=True)
    loop = AgentLoop(model, Docs(), MemoryJournal(), settings, SteppingClock(), [note_fault, cancel_order])
    return await loop.respond(turn_of(text, **world), "t1", Watcher())  # type: ignore[arg-type]


def _done(text: str) -> str:
    return json.dumps({"parts": [{"kind": "done", "rests_on": [], "text": text}]})


@pytest.mark.parametrize(
    "said",
    ["", "Sure!", _done("I have sent a code."), _done(f"I recorded your number {NUMBER}, a code is on its way.")],
)
async def test_the_hub_says_what_becomes_of_the_wish(said: str) -> None:
    """And nothing of what the model makes of it, nor that there is no answer to it."""
    reply = await respond(ScriptedModel(LINK, say(said)), WISH)
    assert (reply.link, reply.kind) == (NUMBER, MessageKind.SMALL_TALK)
    assert reply.text.startswith("To link another address of yours")


async def test_what_else_came_of_the_turn_is_said() -> None:
    """A ticket's number, and an action that waits for a yes, would be lost with the answer."""
    more = [ToolCall("c1", "note_fault", '{"what": "lamp"}'), ToolCall("c2", "cancel_order", '{"order": "A-4711"}')]
    calls = call("link_identity", json.dumps({"address": NUMBER}), more=more)
    model = ScriptedModel(calls, say("Ticket TKT-20261121-0001 is open for the lamp."))
    reply = await respond(model, f"{WISH}. My lamp is broken. I do not want my order A-4711 any more")
    assert reply.link == NUMBER
    assert reply.text.startswith("Ticket TKT-20261121-0001 is open for the lamp.")
    assert json.loads(reply.meta[CONFIRM_META]["arguments"]) == {"order": "A-4711"}


async def test_a_question_beside_it_that_has_no_answer_is_not_passed_over() -> None:
    model = ScriptedModel(LINK, say("Refunds take 90 days."))
    reply = await respond(model, f"{WISH}. Tell me how long refunds take.")
    assert (reply.link, reply.kind, reply.offers_person) == (NUMBER, MessageKind.UNKNOWN, True)


async def test_an_address_that_the_customer_did_not_write_is_not_linked() -> None:
    reply = await respond(ScriptedModel(LINK, say("I cannot do that.")), "How do I reset my password?")
    assert reply.link is None


async def test_other_words_are_confirmed_first() -> None:
    said = f"You may also find me under {NUMBER}, could you remember that?"
    asked = await respond(ScriptedModel(LINK, say("I can do that.")), said)
    assert asked.link is None
    assert NUMBER in asked.text
    history = [message(said, seq=1), message(asked.text, seq=2, author=Author.AGENT, meta=asked.meta)]
    assert (await respond(ScriptedModel(LINK, say("")), "Yes, please", history=history)).link == NUMBER


@pytest.mark.parametrize("link", [None, NUMBER])
def test_a_wish_survives_a_crash(link: str | None) -> None:
    result = ToolResult("Recorded.", link=link)
    assert load_result(dump_result(result)) == result


def test_results_of_before_have_no_wish() -> None:
    assert load_result('{"content": "x", "sources": [], "escalation": null}').link is None
