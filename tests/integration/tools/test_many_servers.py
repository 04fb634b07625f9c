"""Several servers at once: what fits into a prompt, whose name counts, and who checks whose calls."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from config.company_tools import check_tools, company_tools
from config.remote_tools import start_servers
from config.settings import read_settings
from core.agent.consent import Consent
from core.agent.sources import Sources
from core.agent.tool_runner import ToolRunner
from core.agent.turn_journal import TurnJournal
from core.domain.errors import ConfigError
from core.ports.chat_model import ToolCall
from core.ports.metrics import NoMetrics
from tests.contract.responders.world import MemoryJournal, Watcher, turn_of
from tests.integration.tools.world import ALICE, DOCUMENT, Service, given, running, until
from tests.unit.config.test_company_tools import ORDERS

_SERVER = """
import json, sys
tools, results = json.loads(sys.argv[1])
answers = {
    "initialize": {
        "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}
    },
    "tools/list": {"tools": tools},
}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": answers.get(asked["method"], {})}
    if asked["method"] == "tools/call":
        given = asked["params"]
        said = results.get(given["name"])
        if said is None:
            sys.exit()
        answer["result"] = {"content": [{"type": "text", "text": said + json.dumps(given["arguments"])}]}
    print(json.dumps(answer), flush=True)
"""


def _listed(name: str, description: str = "Look.", **properties: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "inputSchema": {"type": "object", "properties": properties}}


def _server(*tools: Mapping[str, Any], results: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """The setting of a server that lists these tools. A call without a result ends it."""
    command = [sys.executable, "-c", _SERVER, json.dumps([tools, results or {}])]
    return {"command": command, "anyone": [one["name"] for one in tools], **changes}


async def _diagnoses(settings: Any) -> dict[str, Any]:
    return {one.check: one for one in await check_tools(settings)}


async def test_a_server_with_endless_tools_fills_no_prompt_and_takes_nothing_from_another() -> None:
    flood = [_listed(f"tool_{number}", "x" * 1_000, a={"description": "y" * 300}) for number in range(60)]
    many = [_listed(f"look_{number}") for number in range(60)]
    settings = read_settings(mcp_servers={"flood": _server(*flood), "many": _server(*many)})
    async with AsyncExitStack() as closing:
        tools = start_servers(settings, NoMetrics(), closing)
        await until(lambda: {name.partition("_")[0] for name in tools()} == {"flood", "many"})
        found = [one.spec for one in tools().values()]
    per_server = {name: [one for one in found if one.name.startswith(name)] for name in ("flood", "many")}
    assert len(per_server["many"]) == 50, "half of the tools of a prompt"
    size = sum(len(one.name) + len(one.description) + len(json.dumps(one.parameters)) for one in per_server["flood"])
    assert 18_000 < size <= 20_000, "half of the characters of a prompt"
    told = await _diagnoses(settings)
    assert told["flood"].ok
    assert "flood_tool_59 is left out: the server's share of the prompt is 50 tools" in told["flood"].detail
    assert "many_look_59 is left out" in told["many"].detail


async def test_what_is_switched_off_takes_no_place() -> None:
    tools = [_listed(f"look_{number}") for number in range(101)]
    server = {"many": _server(*tools)}
    off = {"many_look_0": {"enabled": False}}
    assert "many_look_99" in (await _diagnoses(read_settings(mcp_servers=server, tool_overrides=off)))["many"].detail


async def test_too_many_operations_of_a_file_stop_the_start(tmp_path: Path) -> None:
    document = {**DOCUMENT, "paths": {}}
    names = [f"look{number}" for number in range(50)]
    for name in names:
        document["paths"][f"/{name}"] = {"get": {"operationId": name, "description": "x" * 1_000}}
    service = Service()
    service.document = json.dumps(document)
    settings = read_settings(openapi_tools=given(service, tmp_path, operations=names, anyone=names, bind={}))
    with pytest.raises(ConfigError, match=r"The company's tools are 50 with .* at most 100 with 40000"):
        company_tools(settings)
    assert not (await _diagnoses(settings))["loading"].ok


async def test_names_of_servers_that_could_be_mistaken_for_each_other_stop_the_start() -> None:
    servers = {"shop": _server(_listed("crm_x")), "shop_crm": _server(_listed("x"))}
    settings = read_settings(mcp_servers=servers)
    with pytest.raises(ConfigError, match="MCP_SERVERS: shop and shop_crm could give two tools the same name"):
        company_tools(settings)
    [told] = await check_tools(settings)
    assert (told.check, told.ok) == ("loading", False)
    assert company_tools(read_settings(mcp_servers={"shop": servers["shop"], "shopcrm": servers["shop_crm"]})) == {}


async def test_a_server_takes_the_name_of_no_tool_of_the_hub_or_of_the_company(tmp_path: Path) -> None:
    file = tmp_path / "orders.py"
    file.write_text(ORDERS, encoding="utf-8")
    async with running(Service()) as service:
        service_at = given(service, tmp_path, document=f"{service.url}/openapi.json")
        servers = {
            "order": _server(_listed("status"), _listed("state")),
            "search": _server(_listed("knowledge"), _listed("history")),
            "get": _server(_listed("order"), _listed("ticket_status")),
        }
        settings = read_settings(tools_path=file, openapi_tools=service_at, mcp_servers=servers)
        told = await _diagnoses(settings)
        async with AsyncExitStack() as closing:
            tools = start_servers(settings, NoMetrics(), closing, company_tools(settings))
            await until(lambda: {"order_state", "get_order"} <= tools().keys())
            assert tools()["get_order"].spec.description == "Say where an order is."
            assert "order_status" not in tools()
    assert told["order"].detail == "order_state; order_status is left out: another tool has its name"
    assert told["search"].detail.startswith("no tools; search_knowledge is left out: another tool has its name")
    assert "get_order is left out" in told["get"].detail
    assert told["shop"].detail == "get_order, return_order, list_shops"


KEY = {"idempotency_key": {"type": "string"}}
TILL = _server(_listed("refund", order={"type": "string"}))
BOOKS = _server(_listed("find", **KEY), _listed("other"), results={"find": "paid "})


async def test_the_calls_of_one_server_are_checked_by_a_tool_of_another() -> None:
    overrides = {"till_refund": {"checked_by": "books_find"}, "books_find": {"effect": False}}
    settings = read_settings(mcp_servers={"till": TILL, "books": BOOKS}, tool_overrides=overrides)
    assert all(one.ok for one in await check_tools(settings))
    call = ToolCall("step00call00", "till_refund", '{"order": "A-4711"}')
    turn = turn_of("Please refund A-4711 at the till.")
    async with AsyncExitStack() as closing:
        tools = start_servers(settings, NoMetrics(), closing)
        await until(lambda: len(tools()) == 3)
        record = await TurnJournal.open(MemoryJournal(), turn.claim, "t1")
        runner = ToolRunner(tools(), record, Watcher(), ALICE, 8, Consent(turn, Sources()))
        [outcome] = await runner.run(0, [call])
    assert (outcome.status, outcome.result.content) == ("finished", 'paid {"idempotency_key": "t1:step00call00"}')


@pytest.mark.parametrize(
    ("checked_by", "why"),
    [
        ("books_other", "till_refund is checked_by books_other, which does not only read"),
        ("books_gone", "till_refund is checked_by books_gone: there is no such tool"),
    ],
)
async def test_the_doctor_says_who_cannot_check(checked_by: str, why: str) -> None:
    overrides = {"till_refund": {"checked_by": checked_by}}
    settings = read_settings(mcp_servers={"till": TILL, "books": BOOKS}, tool_overrides=overrides)
    told = await _diagnoses(settings)
    assert (told["till"].ok, told["books"].ok) == (True, True)
    assert (told["checked_by"].ok, told["checked_by"].detail) == (False, why)


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        ({"return_order": {"checked_by": "get_orders"}}, "there is no such tool; did you mean get_order"),
        ({"till_refund": {"checked_by": "nobody"}}, "till_refund is checked_by nobody: there is no such tool"),
        ({"return_order": {"checked_by": "return_order"}}, "return_order, which does not only read"),
    ],
)
def test_a_check_that_can_never_be_there_stops_the_start(
    tmp_path: Path, overrides: Mapping[str, Any], why: str
) -> None:
    settings = read_settings(
        openapi_tools=given(Service(), tmp_path), mcp_servers={"till": TILL}, tool_overrides=overrides
    )
    with pytest.raises(ConfigError, match=why):
        company_tools(settings)


async def test_the_doctor_connects_to_the_address_of_a_documents_calls(tmp_path: Path) -> None:
    async with running(Service()) as service:
        settings = read_settings(openapi_tools=given(service, tmp_path))
        told = await _diagnoses(settings)
        assert (told["shop"].ok, told["shop"].detail) == (True, f"{service.url}/v1 answers")
        assert [request[0] for request in service.requests] == ["HEAD"], "it changes nothing"
        assert "Authorization" not in service.requests[0][2]
        away = given(service, tmp_path, base_url="http://127.0.0.1:1/v1")
        [_, told_away] = await check_tools(read_settings(openapi_tools=away))
        assert not told_away.ok
        assert told_away.detail.startswith("base_url: http://127.0.0.1:1/v1 cannot be reached")
        later = given(service, tmp_path, document=f"{service.url}/openapi.json", base_url="http://127.0.0.1:1/v1")
        [_, told_later] = await check_tools(read_settings(openapi_tools=later))
        assert (told_later.ok, told_later.detail.partition(":")[0]) == (False, "base_url")
