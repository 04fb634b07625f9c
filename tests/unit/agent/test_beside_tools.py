"""That something was looked up vouches for that alone: the rest of the answer is compared with its sources as ever."""

from __future__ import annotations

from typing import Any, cast

import pytest

from core.agent.memory_tools import memory_tools
from core.agent.tools import Tool, tool
from core.domain.errors import KnowledgeUnavailable
from core.domain.messages import MessageKind
from tests.contract.responders.world import PASSWORD, call, say
from tests.unit.agent.test_loop import Bench


@tool(effect=False)
def my_tickets() -> str:
    """The customer's tickets."""
    return '{"tickets": [{"number": "TKT-20261121-0001", "status": "open"}]}'


async def test_a_look_at_a_ticket_vouches_for_nothing_else() -> None:
    wrong = "Your ticket TKT-20261121-0001 is open. Refunds take 60 days."
    bench = Bench(call("my_tickets"), say(wrong), tools=(my_tickets,))
    reply = await bench.ask("Is my ticket open, and how long do refunds take?")
    assert reply.text == bench.watcher.text_shown == "Your ticket TKT-20261121-0001 is open."


async def test_facts_of_a_tool_stand_beside_a_source() -> None:
    right = "Your ticket TKT-20261121-0001 is open. The link works for 60 minutes [1]."
    bench = Bench(call("my_tickets"), say(right), tools=(my_tickets,))
    reply = await bench.ask("How do I reset my password? Is my ticket open?")
    assert reply.text == right
    assert [citation.id for citation in reply.citations] == [PASSWORD.id]


async def test_nothing_is_answered_where_all_is_made_up() -> None:
    bench = Bench(call("my_tickets"), say("Refunds take 90 days."), tools=(my_tickets,))
    reply = await bench.ask("How long do refunds take?")
    assert reply.kind is MessageKind.UNKNOWN
    assert reply.offers_person


@pytest.mark.parametrize(
    ("tools", "asked"),
    [((), 0), (memory_tools(cast(Any, object())), 0), ((my_tickets,), 1)],
    ids=["none", "of what is remembered", "of the company"],
)
async def test_without_the_knowledge_only_tools_of_the_company_could_answer(
    tools: tuple[Tool, ...], asked: int
) -> None:
    bench = Bench(say("I cannot tell."), tools=tools)
    bench.docs.broken = KnowledgeUnavailable("loading")
    await bench.ask("How long do refunds take?")
    assert len(bench.model.requests) == asked
