"""The tools that settings add: from plain files, with what is wrong named by file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from config.agent_parts import agent_settings
from config.company_tools import check_tools, company_tools
from config.settings import read_settings
from core.agent.loop import AgentLoop
from core.agent.ticket_tools import TICKET_TOOLS, ticket_tools
from core.agent.tool_rules import Needs
from core.agent.tool_use import ToolUse
from core.agent.tools import ToolContext
from core.budgets import BudgetLedger
from core.domain.customer import Customer
from core.domain.errors import ConfigError
from tests.contract.responders.world import (
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    call,
    say,
    turn_of,
)

TICKETS = cast(Any, object())
CONTEXT = ToolContext("c1", Customer("cu1", "ext"), "t1", "step00call00")
ORDERS = '''
from __future__ import annotations

from core.agent.tools import ToolContext, tool


@tool(effect=False)
async def order_status(context: ToolContext, order: int) -> str:
    """Say where an order is."""
    return f"{order} of {context.customer.id}"
'''
STOCK = '''
from core.agent.tools import tool
from _prices import PRICE


@tool(effect=False)
def price(item: str) -> str:
    """Say what an item costs."""
    return f"{item}: {PRICE}"
'''


def _written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


async def test_a_file_gives_its_tools(tmp_path: Path) -> None:
    file = _written(tmp_path, orders=ORDERS) / "orders.py"
    tool = company_tools(read_settings(tools_path=file))["order_status"]
    assert (await tool.run(tool.parse('{"order": 7}'), CONTEXT)).content == "7 of cu1"
    assert company_tools(read_settings(tools_path=file))["order_status"].function is tool.function


async def test_a_folder_gives_those_of_its_files_which_may_share_others(tmp_path: Path) -> None:
    found = company_tools(
        read_settings(tools_path=_written(tmp_path, orders=ORDERS, stock=STOCK, _prices='PRICE = "9 euros"'))
    )
    assert list(found) == ["order_status", "price"]
    assert (await found["price"].run(found["price"].parse('{"item": "cup"}'), CONTEXT)).content == "cup: 9 euros"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ny = (", r"broken\.py, line 2: SyntaxError"),
        ("import no_such_package", r"broken\.py, line 1: ModuleNotFoundError: No module named 'no_such_package'"),
        ("import sys\nsys.exit(3)", r"broken\.py, line 2: SystemExit"),
        (ORDERS.replace(", order: int", ", order"), r"broken\.py, line 7: ValueError: .*parameter order needs a type"),
        (ORDERS.replace('"""Say where an order is."""', ""), r"line 7: ValueError: .*needs a docstring"),
        (ORDERS.replace("@tool(effect=False)", ""), "there is no tool in .*Write @tool"),
        (ORDERS + "again = order_status\n", None),
    ],
)
async def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path: Path, text: str, says: str | None) -> None:
    settings = read_settings(tools_path=_written(tmp_path, broken=text) / "broken.py")
    [told] = await check_tools(settings)
    if says is None:
        assert (told.ok, told.detail) == (True, "order_status; no language model calls them")
        return
    with pytest.raises(ConfigError, match=f"TOOLS_PATH: .*{says}") as caught:
        company_tools(settings)
    assert (told.ok, told.detail) == (False, caught.value.detail)


def test_a_path_that_leads_nowhere_or_to_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.txt").write_text(ORDERS)
    for path in (tmp_path / "none.py", tmp_path / "orders.txt"):
        with pytest.raises(ConfigError, match="neither a folder nor a file"):
            company_tools(read_settings(tools_path=path))


def test_a_name_that_is_taken_is_said(tmp_path: Path) -> None:
    _written(tmp_path, orders=ORDERS, others=ORDERS)
    with pytest.raises(ConfigError, match="Two tools are called order_status"):
        company_tools(read_settings(tools_path=tmp_path))


def test_no_file_takes_the_name_of_a_tool_that_the_hub_needs_itself(tmp_path: Path) -> None:
    _written(tmp_path, own=ORDERS.replace("order_status", "search_knowledge"))
    with pytest.raises(ConfigError, match="The hub has a tool search_knowledge of its own"):
        company_tools(read_settings(tools_path=tmp_path))


OVERRIDES = """
tools_path = "orders.py"

[tool_overrides.order_status]
needs = "verified"
rate = "5/minute"
timeout = 2

[tool_overrides.create_ticket]
enabled = false

[tool_overrides.link_identity]
enabled = false
"""


def _configured(text: str) -> None:
    Path("switchboard.toml").write_text(text, encoding="utf-8")


async def test_overrides_hold_for_tools_of_the_company_and_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_written(tmp_path, orders=ORDERS))
    _configured(OVERRIDES)
    settings = read_settings()
    tool = company_tools(settings)["order_status"]
    assert (tool.needs, tool.rate, tool.timeout) == (Needs.VERIFIED, "5/minute", 2)
    model = ScriptedModel(say("Hello."))
    agent = AgentLoop(model, Docs(), MemoryJournal(), agent_settings(settings), SteppingClock(), [tool], TICKETS)
    await agent.respond(turn_of("Where is my order 7?"), "t1", Watcher())
    offered = {one.name for one in model.requests[0].tools}
    assert "create_ticket" not in offered
    assert {"escalate_to_human", "list_tickets", "order_status"} <= offered


async def test_turns_share_what_was_used_and_kept(tmp_path: Path) -> None:
    overrides = {"order_status": {"rate_in_all": "1/hour", "cache": 60}}
    settings = read_settings(tools_path=_written(tmp_path, orders=ORDERS) / "orders.py", tool_overrides=overrides)
    asked = [call("order_status", f'{{"order": {number}}}') for number in (7, 7, 8)]
    model = ScriptedModel(*(script for one in asked for script in (one, say("Hello."))))
    clock = SteppingClock()
    bounds, tools, use = agent_settings(settings), list(company_tools(settings).values()), ToolUse(BudgetLedger(clock))
    agent = AgentLoop(model, Docs(), MemoryJournal(), bounds, clock, tools, use=use)
    for number in range(3):
        await agent.respond(turn_of("Where is my order?"), f"t{number}", Watcher())
    results = [request.messages[-1].content for request in model.requests[1::2]]
    assert results[:2] == ["7 of cu1"] * 2
    assert "used as often as it may be" in results[2]


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ('{"order_statu": {}}', "there is no tool order_statu; did you mean order_status?"),
        ('{"create_tickt": {}}', "there is no tool create_tickt; did you mean create_ticket?"),
        ('{"order_status": {"timout": 5}}', "timout cannot be set for a tool; did you mean timeout?"),
        ('{"order_status": {"colour": 5}}', "colour cannot be set for a tool; there are enabled, effect"),
        ('{"order_status": {"rate": "5 a day"}}', "ORDER_STATUS.RATE: '5 a day' is no rate"),
        ('{"order_status": {"needs": "passport"}}', "Input should be 'anyone' or 'verified'"),
        ('{"order_status": {"timeout": 0}}', "greater than 0"),
        ('{"order_status": ', "must be JSON"),
        ('{"order_status": {"effect": true, "retries": 2}}', "order_status has an effect"),
    ],
)
def test_a_wrong_override_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: str, says: str) -> None:
    monkeypatch.setenv("TOOL_OVERRIDES", overrides)
    with pytest.raises(ConfigError, match=re.escape(says)) as caught:
        company_tools(read_settings(tools_path=_written(tmp_path, orders=ORDERS)))
    assert "TOOL_OVERRIDES" in caught.value.detail


def test_the_names_of_the_hubs_own_tools_are_known() -> None:
    assert tuple(one.name for one in ticket_tools(TICKETS)) == TICKET_TOOLS


REFUND = '''
from core.agent.tools import tool


@tool(runs_when="staff_approves")
def refund_order(order: str) -> str:
    """Refund an order."""
    return order
'''
IN_SLACK = {"slack_staff_channel": "C0STAFF01", "slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}


def test_what_staff_approve_needs_their_desk_in_slack(tmp_path: Path) -> None:
    folder = _written(tmp_path, shop=REFUND)
    with pytest.raises(
        ConfigError, match=r"refund_order: staff_approves needs a desk in Slack.*set SLACK_STAFF_CHANNEL"
    ):
        company_tools(read_settings(tools_path=folder))
    assert list(company_tools(read_settings(tools_path=folder, **IN_SLACK))) == ["refund_order"]


async def test_the_doctor_says_what_to_do_about_it(tmp_path: Path) -> None:
    (found,) = await check_tools(read_settings(tools_path=_written(tmp_path, shop=REFUND)))
    assert not found.ok
    assert "set SLACK_STAFF_CHANNEL" in found.detail


def test_what_an_mcp_server_will_have_is_looked_at_as_well() -> None:
    wanted: dict[str, Any] = {
        "mcp_servers": {"shop": {"url": "http://127.0.0.1:1/mcp"}},
        "tool_overrides": {"shop_refund": {"runs_when": "staff_approves"}},
    }
    with pytest.raises(ConfigError, match="shop_refund: staff_approves needs a desk in Slack"):
        company_tools(read_settings(**wanted))
    assert company_tools(read_settings(**wanted, **IN_SLACK)) == {}


def test_the_hubs_own_tools_are_no_matter_for_staff() -> None:
    wanted: dict[str, Any] = {"tool_overrides": {"create_ticket": {"runs_when": "staff_approves"}}}
    with pytest.raises(ConfigError, match="create_ticket is the hub's own"):
        company_tools(read_settings(**wanted, **IN_SLACK))
