"""What the agent does with servers that do not work: the model reads the truth at once, and the customer's turn goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any, cast

import pytest
from aiohttp import web

from config.agent_parts import agent_settings, make_responder
from config.company_tools import company_tools
from config.remote_tools import start_servers
from config.settings import read_settings
from core.agent.loop import AgentLoop
from core.agent.tool_use import ToolUse
from core.agent.tools import Tool, ToolContext
from core.domain.customer import Customer, Evidence, KnownIdentity
from core.domain.errors import ToolError, ToolErrorKind, Unreachable
from core.ports.budgets import NoBudgets
from core.ports.metrics import NoMetrics
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
from tests.integration.tools.test_mcp_tools import child_settings, connected
from tests.integration.tools.world import ALICE, Service, given, running, serving, until
from tests.servers.programs import ROOT


class _Tickets:
    """Implements what tools ask: Alice's identities."""

    async def identities(self, holder: Any) -> list[KnownIdentity]:
        return [KnownIdentity("web", "user:42", Evidence.PROVIDER_VERIFIED)]


async def _answered(tools: Mapping[str, Tool], settings: Any) -> tuple[str, ScriptedModel]:
    """What the model read of its call, and the model."""
    model = ScriptedModel(call("get_order", '{"order": "7"}'), say("Your order cannot be looked up at the moment."))
    loop = AgentLoop(
        model,
        Docs(),
        MemoryJournal(),
        agent_settings(settings),
        SteppingClock(),
        (),
        cast(Any, _Tickets()),
        use=ToolUse(),
        remote=lambda: tools,
    )
    await loop.respond(turn_of("Where is my order 7?"), "t1", Watcher())
    return model.requests[-1].messages[-1].content, model


async def test_the_model_reads_the_truth_of_a_working_a_failing_and_a_resting_server(tmp_path: Path) -> None:
    async with running(Service()) as service:
        settings = read_settings(openapi_tools=given(service, tmp_path))
        tools = company_tools(settings)
        said, model = await _answered(tools, settings)
        assert said == '{"status": "in Lisbon"}'
        assert service.requests[0][1] == "/v1/customers/42/orders/7"
        assert "get_order" in [spec.name for spec in model.requests[0].tools]
        service.answer = web.Response(status=500)
        told = [(await _answered(tools, settings))[0] for _ in range(3)]
        assert told[0] == "Error (unavailable): The tool failed. Its server failed (500)."
        assert told[2].startswith(
            "Error (unavailable): The tool failed. Its server did not work several times in a row"
        )
        assert len(service.requests) == 6, "five failures, each turn of which tried twice"


async def test_the_breaker_of_an_mcp_server_opens_and_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(child_settings(tmp_path / "log"), {"shop_hang": {"timeout": 0.2, "effect": False}}) as tools:

        async def ask(name: str, **arguments: Any) -> str:
            tool = tools()[name]
            return (await tool.run(tool.parse(json.dumps(arguments)), ALICE)).content

        for _ in range(5):
            with pytest.raises(Unreachable, match="no usable answer"):
                await ask("shop_hang")
        with pytest.raises(Unreachable, match="left alone"):
            await ask("shop_get_order", order=7)
        monkeypatch.setattr("core.tools.breaker.monotonic", lambda: monotonic() + 31)
        assert await ask("shop_get_order", order=7) == "order 7 of 42 is in Lisbon"


async def test_an_answered_error_of_an_mcp_server_does_not_open_its_breaker(tmp_path: Path) -> None:
    async with connected(child_settings(tmp_path / "log"), {"shop_fail": {"effect": False}}) as tools:
        reads, changes = tools()["shop_fail"], tools()["shop_cancel_order"]
        for _ in range(9):
            with pytest.raises(ToolError, match="It says: The till is jammed") as caught:
                await reads.run(reads.parse("{}"), ALICE)
            assert caught.value.kind is ToolErrorKind.UNAVAILABLE
        assert (await changes.run(changes.parse('{"order": 7}'), ALICE)).data == {"cancelled": 7}


async def test_a_broken_gateway_before_an_mcp_server_opens_its_breaker() -> None:
    calls = []

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json() if request.method == "POST" else {}
        if asked.get("method") == "tools/call":
            calls.append(asked)
            return web.Response(status=502, text="Bad gateway")
        if "id" not in asked:
            return web.Response(status=202 if asked else 405)
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "result": _MCP_ANSWERS.get(asked["method"], {})})

    async with serving(answer) as url:
        servers = {"shop": {"url": f"{url}/mcp", "anyone": ["list_shops"]}}
        async with connected(servers, {"shop_list_shops": {"effect": False}}) as tools:
            tool = tools()["shop_list_shops"]
            for _ in range(5):
                with pytest.raises(Unreachable, match="broke the call off"):
                    await tool.run(tool.parse("{}"), ALICE)
            with pytest.raises(Unreachable, match="left alone"):
                await tool.run(tool.parse("{}"), ALICE)
            assert len(calls) == 5


_MCP_ANSWERS = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "shop", "version": "1"},
    },
    "tools/list": {"tools": [{"name": "list_shops", "inputSchema": {"type": "object"}}]},
}


_LOADED = """
import sys
from config.company_tools import company_tools
from config.remote_tools import start_servers
from config.settings import read_settings
from contextlib import AsyncExitStack
from core.ports.metrics import NoMetrics
settings = read_settings()
company_tools(settings)
start_servers(settings, NoMetrics(), AsyncExitStack())
print([name for name in ("mcp", "httpx2", "core.tools.breaker", "jsonschema") if name in sys.modules])
"""


def test_nothing_of_it_is_loaded_where_nothing_of_it_is_set(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _LOADED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"


def test_a_customer_has_no_ids_where_nobody_writes() -> None:
    assert ToolContext("c1", Customer("cu1", "ext"), "t1", "call").identities is None


class _Store(MemoryJournal, _Tickets):
    """What the agent keeps."""


async def test_the_hubs_agent_has_the_tools_of_files_and_of_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ScriptedModel(call("shop_get_order", '{"order": 7}'), say("It is in Lisbon."))
    models = iter([model])
    started: list[Callable[[], Mapping[str, Tool]]] = []

    def start(*given: Any) -> Callable[[], Mapping[str, Tool]]:
        started.append(start_servers(*given))
        return started[0]

    monkeypatch.setattr("config.remote_tools.start_servers", start)
    monkeypatch.setattr("config.agent_parts.make_model", lambda *_, **__: next(models, ScriptedModel()))
    async with running(Service()) as service, AsyncExitStack() as closing:
        settings = read_settings(
            openai_base_url="http://127.0.0.1:1/v1",
            openapi_tools=given(service, tmp_path),
            mcp_servers=child_settings(tmp_path / "log"),
            tool_overrides={"shop_get_order": {"effect": False}, "list_shops": {"enabled": False}},
        )
        agent = make_responder(
            settings, Docs(), cast(Any, _Store()), SteppingClock(), NoMetrics(), closing, NoBudgets()
        )
        await until(lambda: started[0]())
        await agent.respond(turn_of("Where is my order 7?"), "t1", Watcher())
    names = {spec.name for spec in model.requests[0].tools}
    assert {"get_order", "return_order", "shop_cancel_order", "search_knowledge"} <= names
    assert "list_shops" not in names
    assert model.requests[1].messages[-1].content == "order 7 of 42 is in Lisbon"
