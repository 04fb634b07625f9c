"""Tools that break are named in the reply, so that a person can be brought in; a tool's own "no" is an answer."""

from __future__ import annotations

import pytest

from core.agent.tools import Tool, tool
from core.domain.errors import StoreUnavailable, ToolError
from core.ports.responder import TOOLS_FAILED_META
from tests.contract.responders.world import call, say
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
