"""The agent's tools for tickets serve the customer that the server knows, whatever the model says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.agent.consent import Consent
from core.agent.sources import Sources
from core.agent.ticket_tools import ticket_tools
from core.agent.tool_runner import ToolRunner
from core.agent.tools import Tool, ToolContext, by_name, tool
from core.agent.turn_journal import STARTED, TurnJournal, step_id
from core.domain.customer import Customer, Identity
from core.domain.errors import ToolError
from core.domain.ticket import TicketStatus
from core.ports.chat_model import ToolCall
from core.ports.journal import JournalEntry
from core.ports.outcomes import LinkIdentity, UnlinkIdentity
from core.ports.tickets import Holder, NewTicket, TicketChange
from core.storage.store import SqlStore
from tests.contract.responders.world import MemoryJournal, Watcher, turn_of
from tests.integration.tickets.conftest import ADA, BOB, STRANGER, context

NEW = {"subject": "Wrong invoice", "description": "Number 12 is too high", "category": "billing"}


async def run(store: SqlStore, name: str, where: ToolContext, **arguments: Any) -> dict[str, Any]:
    """What the tool gives back."""
    (one,) = [item for item in ticket_tools(store) if item.name == name]
    result = await one.run(one.parse(json.dumps(arguments)), where)
    found: dict[str, Any] = json.loads(result.content)
    return found


async def refused(store: SqlStore, name: str, where: ToolContext, **arguments: Any) -> str:
    """What the model reads instead."""
    with pytest.raises(ToolError) as error:
        await run(store, name, where, **arguments)
    return error.value.detail


async def test_a_ticket_from_the_beginning_to_the_end(store: SqlStore) -> None:
    made = await run(store, "create_ticket", context(), **NEW, priority="high")
    number = made["number"]
    assert (made["status"], made["priority"], made["category"]) == ("open", "high", "billing")
    changed = await run(
        store, "update_ticket", context(call="b"), number=number.lower(), status="closed", note="It was right"
    )
    assert changed["status"] == "closed"
    seen = await run(store, "get_ticket_status", context(call="c"), number=number)
    assert [(one["what"], one["text"]) for one in seen["history"]] == [
        ("opened", "Wrong invoice"),
        ("note", "Number 12 is too high"),
        ("status", "closed"),
        ("note", "It was right"),
    ]
    assert await run(store, "list_tickets", context(), status="open") == {"tickets": []}
    assert [one["number"] for one in (await run(store, "list_tickets", context()))["tickets"]] == [number]


async def test_another_customers_ticket_is_not_there_in_the_same_words_as_none(store: SqlStore) -> None:
    number = (await run(store, "create_ticket", context(), **NEW))["number"]
    for other in (context(BOB), context(STRANGER), context(Customer("ada", "anon:x"), conversation="c9")):
        for name, more in (("get_ticket_status", {}), ("update_ticket", {"note": "Mine!"})):
            theirs = await refused(store, name, other, number=number, **more)
            assert theirs == await refused(store, name, other, number="TKT-20200101-0001", **more)
            assert theirs == await refused(store, name, other, number="the last one", **more)
        assert await run(store, "list_tickets", other) == {"tickets": []}
        assert (await run(store, "lookup_account", other))["tickets"] == []
    assert len((await run(store, "get_ticket_status", context(), number=number))["history"]) == 2


async def test_the_account_tells_how_well_each_identity_is_proven(store: SqlStore) -> None:
    page, phone = Identity("web", "default", "anon:s1"), Identity("sms", "AC1", "+4930123456")
    await store.decide([], [LinkIdentity("c1", "nobody", page, "")])
    mine = await store.known_customer(page)
    assert mine is not None
    customer = Customer(mine, page.external_id)
    await store.decide([], [UnlinkIdentity(mine, "customer")])
    alone = await run(store, "lookup_account", context(customer))
    await store.decide([], [LinkIdentity("c1", mine, phone, "")])
    linked = await run(store, "lookup_account", context(customer))
    assert [one["evidence"] for one in alone["identities"]] == ["claimed"]
    assert linked["identities"] == [
        {"channel": "web", "address": "anon:s1", "evidence": "proven"},
        {"channel": "sms", "address": "+4930123456", "evidence": "proven"},
    ]
    assert linked["verified"] is False
    in_a_group = replace(context(customer), private=False)
    shown = await run(store, "lookup_account", in_a_group)
    assert (shown["identities"], shown["said_elsewhere"]) == ([], [])


async def test_a_stranger_has_the_tickets_of_this_conversation_only(store: SqlStore) -> None:
    number = (await run(store, "create_ticket", context(STRANGER), **NEW))["number"]
    here, elsewhere = context(STRANGER), context(STRANGER, conversation="c2")
    assert [one["number"] for one in (await run(store, "list_tickets", here))["tickets"]] == [number]
    assert await run(store, "list_tickets", elsewhere) == {"tickets": []}


async def test_the_account_is_what_the_hub_knows(store: SqlStore) -> None:
    number = (await run(store, "create_ticket", context(), **NEW))["number"]
    account = await run(store, "lookup_account", context())
    assert (account["verified"], account["email"], account["language"]) == (True, "ada@example.com", "en")
    assert [one["number"] for one in account["tickets"]] == [number]
    stranger = await run(store, "lookup_account", context(STRANGER))
    assert stranger["verified"] is False
    assert "email" not in stranger


def test_no_tool_lets_the_model_name_a_customer(store: SqlStore) -> None:
    tools = ticket_tools(store)
    assert [one.name for one in tools] == [
        "create_ticket",
        "get_ticket_status",
        "update_ticket",
        "list_tickets",
        "lookup_account",
    ]
    named = {name for one in tools for name in one.spec.parameters.get("properties", {})}
    assert named == {"subject", "description", "category", "priority", "number", "status", "note"}
    with pytest.raises(ToolError):
        tools[-1].parse('{"customer_id": "bob"}')


async def test_what_staff_noted_and_who_they_are_stays_inside(store: SqlStore) -> None:
    holder = Holder.of(ADA, "c1")
    made = await store.create_ticket(holder, NewTicket("Broken"), actor="customer", origin="a")
    change = TicketChange(status=TicketStatus.RESOLVED, note="A difficult one")
    await store.update_ticket(holder, made.number, change, actor="U123", origin="b")
    seen = json.dumps(await run(store, "get_ticket_status", context(), number=made.number))
    assert "difficult" not in seen
    assert "U123" not in seen
    assert '"by": "staff"' in seen


async def test_nothing_to_change_is_said(store: SqlStore) -> None:
    number = (await run(store, "create_ticket", context(), **NEW))["number"]
    assert "Say what is to be changed" in await refused(store, "update_ticket", context(), number=number)


async def test_a_resumed_turn_finds_the_ticket_that_it_made(store: SqlStore) -> None:
    """The process died after the ticket was committed and before the journal heard of it."""
    journal, call = MemoryJournal(), ToolCall(step_id(0, 0), "create_ticket", json.dumps(NEW))
    before = await run(store, "create_ticket", context(call=call.id), **NEW)
    journal.rows["t1", call.id] = JournalEntry(call.id, 0, call.name, call.arguments, STARTED)
    record = await TurnJournal.open(journal, turn_of("x").claim, "t1")
    runner = ToolRunner(
        by_name(ticket_tools(store)), record, Watcher(), context(call=""), 8, Consent(turn_of("x"), Sources())
    )
    (outcome,) = await runner.run(0, [call])
    assert outcome.ok
    assert json.loads(outcome.result.content)["number"] == before["number"]
    assert len(await store.tickets(Holder.of(ADA, "c1"), 10)) == 1


def test_a_companys_own_tool_takes_the_place_of_ours(store: SqlStore) -> None:
    @tool(effect=False)
    async def lookup_account(context: ToolContext) -> str:
        """What our own customer register says."""
        return context.customer.id

    own: tuple[Tool, ...] = (lookup_account,)
    names = [one.name for one in (*ticket_tools(store, own), *own)]
    assert names.count("lookup_account") == 1
    by_name((*ticket_tools(store, own), *own))
