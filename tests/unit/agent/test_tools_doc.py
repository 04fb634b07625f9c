"""The tools that the reference shows work as it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.agent.builtin_tools import escalation_tool, search_tool
from core.agent.lookup import Lookup
from core.agent.settings import AgentSettings
from core.agent.tools import GROUP, Tool, ToolContext
from core.domain.customer import Customer
from core.domain.errors import ToolError
from tests.contract.responders.world import Docs, SteppingClock

DOC = (Path(__file__).parents[3] / "docs" / "reference" / "tools.md").read_text(encoding="utf-8")
CONTEXT = ToolContext("c1", Customer("cu1", "ext"), "t1", "step00call00")


@pytest.fixture
def shown() -> dict[str, Any]:
    """What the example defines."""
    [code] = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    # Annotations are looked up in the function's own globals, which these are.
    exec(compile(code, "tools.md", "exec"), names)
    return names


async def test_the_example_runs(shown: dict[str, Any]) -> None:
    status, cancel = shown["order_status"], shown["cancel_order"]
    assert isinstance(status, Tool)
    assert (status.effect, cancel.effect) == (False, True)
    assert (await status.run(status.parse('{"order": 7}'), CONTEXT)).content == '{"status": "in Lisbon"}'
    with pytest.raises(ToolError, match="no such order"):
        await status.run(status.parse('{"order": 8}'), CONTEXT)
    assert "t1:step00call00" in (await cancel.run(cancel.parse('{"order": 7}'), CONTEXT)).content
    assert status.spec.parameters["properties"]["order"]["description"] == "The order's number, as on the invoice."


def test_the_tools_that_are_always_there_are_listed_with_their_parameters() -> None:
    lookup = Lookup(Docs(), SteppingClock(), AgentSettings())
    for tool in (search_tool(lookup), escalation_tool()):
        required = tool.spec.parameters["required"]
        names = [name if name in required else f"{name}?" for name in tool.spec.parameters["properties"]]
        assert f"`{tool.name}({', '.join(names)})`" in DOC
    assert GROUP in DOC
