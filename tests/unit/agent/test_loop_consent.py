"""From a call that nobody asked for to the customer's yes: the hub asks, and runs just what it asked about."""

from __future__ import annotations

import json

from core.agent.consent import CONFIRM_META
from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import make_tool
from core.domain.messages import Author
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

FIRST = "I do not want my order A-4711 any more, what can I do?"
ARGUMENTS = '{"order": "A-4711"}'


class Shop:
    """One tool, and a journal that survives."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.journal = MemoryJournal()
        self.shown = Watcher()

    def cancel_order(self, order: str) -> str:
        """Cancel an order of this customer."""
        self.cancelled.append(order)
        return f"Order {order} is cancelled."

    async def ask(self, model: ScriptedModel, turn_id: str, *said: str, **world: object) -> Reply:
        tools = [make_tool(self.cancel_order, effect=True)]
        settings = AgentSettings(company_name="Tidepool")
        loop = AgentLoop(model, Docs(), self.journal, settings, SteppingClock(), tools)
        return await loop.respond(turn_of(*said, **world), turn_id, self.shown)  # type: ignore[arg-type]


async def test_the_customer_is_asked_and_says_yes() -> None:
    shop = Shop()
    reply = await shop.ask(ScriptedModel(call("cancel_order", ARGUMENTS), say("I can cancel it for you.")), "t1", FIRST)
    assert shop.cancelled == []
    assert "“cancel order (order: A-4711)”" in reply.text
    assert reply.text == shop.shown.text_shown
    assert json.loads(reply.meta[CONFIRM_META]["arguments"]) == {"order": "A-4711"}

    asked = message(reply.text, seq=2, author=Author.AGENT, meta=reply.meta)
    history = [message(FIRST, seq=1), asked]
    model = ScriptedModel(call("cancel_order", ARGUMENTS), say("Order A-4711 is cancelled."))
    done = await shop.ask(model, "t2", "Yes, please.", history=history)
    assert shop.cancelled == ["A-4711"]
    assert done.text == "Order A-4711 is cancelled."
    assert CONFIRM_META not in done.meta


async def test_a_no_or_another_call_changes_nothing() -> None:
    shop = Shop()
    reply = await shop.ask(ScriptedModel(call("cancel_order", ARGUMENTS), say("I can cancel it.")), "t1", FIRST)
    history = [message(FIRST, seq=1), message(reply.text, seq=2, author=Author.AGENT, meta=reply.meta)]
    for turn_id, said, arguments in (("t2", "No!", ARGUMENTS), ("t3", "Yes", '{"order": "A-4712"}')):
        model = ScriptedModel(call("cancel_order", arguments), say("All right."))
        await shop.ask(model, turn_id, said, history=history)
    assert shop.cancelled == []


async def test_a_resumed_turn_asks_the_same() -> None:
    shop = Shop()
    script = call("cancel_order", ARGUMENTS)
    first = await shop.ask(ScriptedModel(script, say("I can cancel it.")), "t1", FIRST)
    again = await shop.ask(ScriptedModel(say("I can cancel it.")), "t1", FIRST)
    assert again.meta[CONFIRM_META] == first.meta[CONFIRM_META]
    assert shop.cancelled == []
