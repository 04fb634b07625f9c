"""How much of a prompt tools may fill, and that no server's tools push out another's."""

from __future__ import annotations

import pytest

from core.agent.tools import Tool, make_tool
from core.domain.errors import ConfigError
from core.tools.tool_budget import ToolBudget


def _tools(count: int, words: str = "Look.") -> list[Tool]:
    async def look() -> str:
        return ""

    look.__doc__ = words
    return [make_tool(look, effect=False, name=f"look_{number}") for number in range(count)]


def test_what_is_more_than_the_budget_is_a_wrong_setting() -> None:
    assert ToolBudget().rest(_tools(100)).tools == 0
    with pytest.raises(ConfigError, match=r"101 with .* at most 100 with 40000 fit"):
        ToolBudget().rest(_tools(101))
    with pytest.raises(ConfigError, match="TOOL_OVERRIDES"):
        ToolBudget().rest(_tools(2, "x" * 20_000))


def test_what_does_not_fit_is_left_out_and_what_comes_after_it_is_not() -> None:
    large, small = _tools(1, "x" * 300), _tools(3)[1:]
    found, left_out = ToolBudget(10, 250).fitting([*large, *small])
    assert [one.name for one in found] == ["look_1", "look_2"]
    assert list(left_out) == ["look_0"]
    found, left_out = ToolBudget(1, 1_000).fitting(small)
    assert ([one.name for one in found], list(left_out)) == (["look_1"], ["look_2"])
    assert "1 tools with 1000 characters" in left_out["look_2"]


def test_servers_have_equal_shares_of_what_the_companys_own_tools_leave() -> None:
    own = _tools(10, "x" * 1_000)
    share = ToolBudget().rest(own).shared_by(3)
    assert share.tools == 30
    assert 9_500 < share.characters < 10_000
    assert ToolBudget(3, 9).shared_by(0) == ToolBudget(3, 9)
