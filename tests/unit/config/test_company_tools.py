"""The tools that settings add: from plain files, with what is wrong named by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.company_tools import check_tools, company_tools
from config.settings import read_settings
from core.agent.tools import ToolContext
from core.domain.customer import Customer
from core.domain.errors import ConfigError

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
    assert company_tools(read_settings(tools_path=file))["order_status"] is tool


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
