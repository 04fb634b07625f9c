"""Tools of real MCP servers, as a child and over HTTP: good ones, slow, dying, huge and lying ones."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.company_tools import check_tools
from config.remote_tools import start_servers
from config.settings import read_settings
from core.agent.tool_rules import RunsWhen
from core.agent.tools import Tool, ToolContext
from core.domain.errors import ConfigError, HubError, OutcomeUnknown, ToolError, Unreachable
from core.ports.metrics import NoMetrics
from tests.integration.tools.world import ALICE, customer_with, until
from tests.patience import PATIENCE
from tests.servers.process import free_port
from tests.servers.programs import ROOT

SHOP = [sys.executable, "-m", "tests.servers.mcp_shop"]
GOOD = ["cancel_order", "die", "environment", "fail", "get_order", "grow", "hang", "huge", "large", "refuse"]

Tools = Callable[[], Mapping[str, Tool]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "shop.log"


def child_settings(log: Path, **changes: Any) -> dict[str, Any]:
    env = {"SHOP_LOG": str(log), "PYTHONPATH": str(ROOT)}
    return {"shop": {"command": [*SHOP, "stdio"], "env": env, "bind": {"customer_id": "user_id"}, **changes}}


@asynccontextmanager
async def connected(servers: dict[str, Any], overrides: Any = None) -> AsyncIterator[Tools]:
    settings = read_settings(mcp_servers=servers, tool_overrides=overrides or {})
    async with AsyncExitStack() as closing:
        tools = start_servers(settings, NoMetrics(), closing)
        await until(tools)
        yield tools


@pytest.fixture
def serve_http(log: Path) -> Iterator[Callable[[int], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def serve(port: int) -> subprocess.Popen[bytes]:
        env = {**os.environ, "SHOP_LOG": str(log)}
        started.append(subprocess.Popen([*SHOP, "http", str(port)], cwd=ROOT, env=env, stderr=subprocess.DEVNULL))
        return started[-1]

    yield serve
    for one in started:
        one.kill()
        one.wait()


async def call(tool: Tool, context: ToolContext = ALICE, **arguments: Any) -> str:
    return (await tool.run(tool.parse(json.dumps(arguments)), context)).content


def noted(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.fixture(params=["stdio", "http"])
async def tools(
    request: pytest.FixtureRequest, log: Path, serve_http: Callable[[int], subprocess.Popen[bytes]]
) -> AsyncIterator[Tools]:
    servers = child_settings(log)
    if request.param == "http":
        port = free_port()
        serve_http(port)
        servers = {"shop": {"url": f"http://127.0.0.1:{port}/mcp", "bind": {"customer_id": "user_id"}}}
    async with connected(servers, {"shop_get_order": {"effect": False}, "shop_hang": {"timeout": 1}}) as found:
        yield found


async def test_tools_are_listed_and_called_for_the_customer_alone(tools: Tools, log: Path) -> None:
    assert sorted(tools()) == [f"shop_{name}" for name in GOOD]
    reads, changes = tools()["shop_get_order"], tools()["shop_cancel_order"]
    assert (reads.effect, reads.runs_when) == (False, RunsWhen.MODEL_CALLS)
    assert (changes.effect, changes.runs_when) == (True, RunsWhen.CUSTOMER_ASKS), (
        "its hint that it only reads is a hint"
    )
    assert reads.spec.parameters == {
        "type": "object",
        "properties": {"order": {"type": "integer"}},
        "required": ["order"],
        "additionalProperties": False,
    }
    assert "gnore" not in changes.spec.description
    assert await call(reads, order=7) == "order 7 of 42 is in Lisbon"
    assert json.loads(await call(changes, order=7)) == {"cancelled": 7}
    assert noted(log)[-1] == "cancelled 7 of 42"
    with pytest.raises(ToolError, match="do not fit the schema"):
        reads.parse('{"order": 7, "customer_id": "8"}')
    with pytest.raises(ToolError, match="proven user id"):
        await call(reads, customer_with(), order=7)


async def test_failures_are_said_as_they_are(tools: Tools) -> None:
    with pytest.raises(ToolError, match=r"says that it failed: .*No") as caught:
        await call(tools()["shop_refuse"])
    assert "worked" not in caught.value.detail
    assert len(await call(tools()["shop_large"])) < 21_000
    with pytest.raises(OutcomeUnknown):
        await call(tools()["shop_hang"])
    assert await call(tools()["shop_get_order"], order=7) == "order 7 of 42 is in Lisbon"


async def test_new_tools_are_found_when_the_server_tells(tools: Tools) -> None:
    assert await call(tools()["shop_grow"]) == "grown"
    await until(lambda: "shop_new_tool" in tools())
    assert await call(tools()["shop_new_tool"]) == "new"


@pytest.mark.parametrize("name", ["shop_die", "shop_huge"])
async def test_a_child_that_dies_or_says_too_much_is_started_again(log: Path, name: str) -> None:
    async with connected(child_settings(log)) as tools:
        with pytest.raises(OutcomeUnknown):
            await call(tools()[name])
        await until(lambda: len([line for line in noted(log) if line.startswith("started")]) > 1)
        assert "shop_get_order" in tools(), "what it gave last is known meanwhile"
        await until_answered(tools()["shop_get_order"])


async def test_a_child_that_says_what_is_no_message_is_started_again(log: Path) -> None:
    babbler = f"import time; open({str(log)!r}, 'a').write('started\\n'); print('hello', flush=True); time.sleep(999)"
    settings = read_settings(mcp_servers={"shop": {"command": [sys.executable, "-c", babbler]}})
    async with AsyncExitStack() as closing:
        start_servers(settings, NoMetrics(), closing)
        await until(lambda: len(noted(log)) > 1)


async def until_answered(tool: Tool) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await call(tool, order=7) == "order 7 of 42 is in Lisbon"
            except (Unreachable, OutcomeUnknown):
                await asyncio.sleep(0.1)
            else:
                return


async def test_a_server_that_goes_away_over_http_is_found_again(
    serve_http: Callable[[int], subprocess.Popen[bytes]],
) -> None:
    port = free_port()
    process = serve_http(port)
    servers = {"shop": {"url": f"http://127.0.0.1:{port}/mcp", "bind": {"customer_id": "user_id"}}}
    async with connected(servers, {"shop_get_order": {"effect": False}}) as tools:
        process.kill()
        process.wait()
        with pytest.raises(Unreachable):
            await call(tools()["shop_get_order"], order=7)
        serve_http(port)
        await until_answered(tools()["shop_get_order"])


async def test_a_child_gets_no_more_of_the_environment_than_it_was_given(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    async with connected(child_settings(log)) as tools:
        seen = await call(tools()["shop_environment"])
        assert "SHOP_LOG" in seen
        assert "OPENAI_API_KEY" not in seen


def _started(log: Path) -> int:
    return int(noted(log)[0].split()[1])


async def test_a_child_ends_with_its_connection(log: Path) -> None:
    async with connected(child_settings(log)):
        assert psutil.pid_exists(_started(log))
    assert not psutil.pid_exists(_started(log))


_HUB = """
import asyncio, sys
from contextlib import AsyncExitStack
from config.remote_tools import start_servers
from config.settings import read_settings
from core.ports.metrics import NoMetrics

async def main():
    start_servers(read_settings(mcp_servers=sys.argv[1]), NoMetrics(), AsyncExitStack())
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_child_is_killed_with_the_hub(log: Path, tmp_path: Path) -> None:
    stubborn = [
        sys.executable,
        "-c",
        f"import os,time; open({str(log)!r}, 'w').write(f'started {{os.getpid()}}'); time.sleep(999)",
    ]
    servers = json.dumps({"shop": {"command": stubborn}})
    hub = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-c", _HUB, servers], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        await until(lambda: noted(log))
        child = psutil.Process(_started(log))
    finally:
        os.kill(hub.pid, signal.SIGKILL)
        hub.wait()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_the_doctor_says_what_each_server_gives(log: Path) -> None:
    servers = child_settings(log) | {
        "gone": {"command": ["no-such-program"]},
        "away": {"url": "http://127.0.0.1:1/mcp"},
        "liar": {"command": [sys.executable, "-c", "print('I am no server')"]},
    }
    told = {one.check: one for one in await check_tools(read_settings(mcp_servers=servers))}
    assert {name: one.ok for name, one in told.items()} == {
        "loading": True,
        "shop": True,
        "gone": False,
        "away": False,
        "liar": False,
    }
    assert "shop_get_order" in told["shop"].detail
    assert "any_order is left out: nothing in bind ties it to the customer" in told["shop"].detail
    assert all(one.detail and one.fix for one in told.values() if not one.ok)


@pytest.mark.parametrize(
    "server",
    [
        {},
        {"command": ["a"], "url": "http://a"},
        {"url": "file:///etc"},
        {"command": ["a"], "bind": {"a": "b"}},
        {"x": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(server: Any) -> None:
    with pytest.raises(ConfigError, match="MCP_SERVERS"):
        read_settings(mcp_servers={"shop": server})


_LIAR = """
import json, sys
text = {"type": "string"}

def schema(**more):
    return {"type": "object", "properties": {"customer_id": text, **more}}

TOOLS = {
    "odd": schema(),
    "Odd": schema(),
    "deep": schema(a={"$ref": "#/properties/a"}),
    "hidden": schema(a={"properties": {"customer_id": text}}),
    "other": {"type": "object"},
}
RESULTS = {
    "initialize": {
        "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "l", "version": "1"}
    },
    "tools/list": {"nextCursor": "again", "tools": [{"name": name, "inputSchema": one} for name, one in TOOLS.items()]},
    "tools/call": {"content": 7},
}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": RESULTS.get(asked["method"], {})}
        print(json.dumps(answer), flush=True)
"""


async def test_a_server_that_lies_gains_nothing() -> None:
    servers = {"liar": {"command": [sys.executable, "-c", _LIAR], "bind": {"customer_id": "user_id"}}}
    settings = read_settings(mcp_servers=servers)
    [_, told] = await check_tools(settings)
    assert told.detail.startswith("liar_odd; ")
    for reason in ("another one has its name", "contains itself", "stands deep", "nothing in bind"):
        assert reason in told.detail
    async with connected(servers) as tools:
        with pytest.raises(HubError, match="no usable answer") as caught:
            await call(tools()["liar_odd"])
        assert isinstance(caught.value, OutcomeUnknown)
