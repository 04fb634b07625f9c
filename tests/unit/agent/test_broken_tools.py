"""Tools that break are named in the reply, so that a person can be brought in; a tool's own "no" is an answer."""

from __future__ import annotations

from typing import Any

import pytest

from core.agent.tools import Tool, tool
from core.domain.errors import KnowledgeUnavailable, StoreUnavailable, ToolError
from core.domain.knowledge import Retrieval
from core.ports.responder import TOOLS_FAILED_META
from tests.contract.responders.world import Docs, call, say
from tests.unit.agent.test_loop import GOOD, Bench


class Warehouse:
    """One tool, whose calls end as the test says."""

    def __init__(self, *ends: Exception | str) -> None:
        self.ends = list(ends)

    def tool(self, *, effect: bool) -> Tool:
        @tool(name="stock", effect=effect, retries=0)
        async def stock() -> str:
            """How many are left."""
            end = self.ends.pop(0)
            if isinstance(end, Exception):
                raise end
            return end

        return stock


@pytest.mark.parametrize(
    ("ends", "effect", "broken"),
    [
        ([RuntimeError("odd")], False, ["stock"]),
        ([StoreUnavailable("away")], False, ["stock"]),
        ([RuntimeError("odd")], True, ["stock"]),
        ([ToolError("There is no such thing.")], False, None),
        ([RuntimeError("odd"), "Seven"], False, None),
        (["Seven"], False, None),
    ],
)
async def test_what_broke_and_was_not_made_good(ends: list[Exception | str], effect: bool, broken: object) -> None:
    calls = [call("stock") for _ in ends]
    reply = await Bench(*calls, say(GOOD), tools=(Warehouse(*ends).tool(effect=effect),)).ask(
        "Check the stock, and my password."
    )
    assert reply.text == GOOD
    assert reply.meta.get(TOOLS_FAILED_META) == broken


async def test_what_a_refusal_says_for_the_customer_may_be_told() -> None:
    tool_ = Warehouse(ToolError("Too late: 4711.", for_customer="Refunds end after 30 days."))
    bench = Bench(call("stock", "{}"), say("Refunds end after 30 days."), tools=(tool_.tool(effect=False),))
    assert (await bench.ask("Can I have it back?")).text == "Refunds end after 30 days."


class Breaking(Docs):
    """Out of reach from the second search on."""

    async def retrieve(self, query: str, **how: Any) -> Retrieval:
        if self.queries:
            raise KnowledgeUnavailable("away")
        return await super().retrieve(query, **how)


async def test_documents_that_cannot_be_searched_now_are_no_broken_tool() -> None:
    bench = Bench(call("search_knowledge", '{"query": "refunds"}'), say(GOOD))
    bench.docs = Breaking()
    assert TOOLS_FAILED_META not in (await bench.ask()).meta
    assert "cannot be searched" in bench.model.requests[-1].messages[-1].content
