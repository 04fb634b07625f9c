"""An experiment from end to end: two arms with models of their own answer customers, and the command compares them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.fixtures.hub import MakeHub
from tests.integration.llm.wire_server import DONE, Behaviour, chunk, serving, stream
from tests.servers.hub import Hub
from tests.unit.core.eventually import eventually

TOOLS = """
from core.agent.tools import tool

@tool(effect=False)
def opening_hours() -> str:
    \"\"\"When the shop is open.\"\"\"
    return "Open on weekdays from 9 to 17."
"""
QUESTION = "When are you open?"
ANSWER = "Open on weekdays from 9 to 17."
ENOUGH = 3
"""Customers in each arm."""
MOST = 40
"""Customers who write at most; that fewer than ENOUGH of them are in one arm happens once in 10^8 runs."""


def _calls(name: str, arguments: str) -> Behaviour:
    call = {"index": 0, "id": "a", "function": {"name": name, "arguments": arguments}}
    return stream(chunk(tool_calls=[call]), chunk(finish="tool_calls"), DONE)


def _by_model(asked: list[dict[str, Any]]) -> Behaviour:
    """The one model looks it up and answers, the other hands over, and all else finds nothing."""
    answers = {
        "plain": _calls("opening_hours", "{}"),
        "timid": _calls("escalate_to_human", '{"reason": "unsure"}'),
    }
    answer = stream(chunk(ANSWER), chunk(finish="stop"), DONE)
    other = stream(chunk('{"facts": []}'), chunk(finish="stop"), DONE)

    async def behave(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        asked.append(body)
        is_looked_up = body["messages"][-1]["role"] == "tool"
        return await (answer if is_looked_up else answers.get(body["model"], other))(request)

    return behave


async def _answer_to(http: aiohttp.ClientSession, hub: Hub, text: str) -> tuple[dict[str, Any], str]:
    """What a new customer is answered, and all that they see of their conversation."""
    async with http.post(f"{hub.url}/api/sessions", json={}) as opened:
        session = await opened.json()
    headers = {"Authorization": f"Bearer {session['token']}"}
    path = f"{hub.url}/api/chat/sessions/{session['session_id']}/messages"
    async with http.post(path, json={"message": text, "client_id": "m1"}, headers=headers) as answered:
        assert answered.status == 200, await answered.text()
        answer = await answered.json()
    async with http.get(f"{hub.url}/api/sessions/{session['session_id']}/history", headers=headers) as history:
        return answer, await history.text() + json.dumps(answer)


def _compare(hub: Hub) -> dict[str, Any]:
    """What the command says."""
    command = [sys.executable, "-m", "config.cli", "experiments", "--json"]
    ran = subprocess.run(command, cwd=hub.home, env=hub.environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    [experiment] = json.loads(ran.stdout)["experiments"]
    return dict(experiment)


@asynccontextmanager
async def _hub(make_hub: MakeHub, sqlite_url: str, tools: Path, asked: list[dict[str, Any]]) -> AsyncIterator[Hub]:
    arms = {"plain": {"model": "plain"}, "timid": {"model": "timid", "temperature": 0.5}}
    async with serving(_by_model(asked)) as server:
        environment = {
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "sk-k",
            "OPENAI_MODEL": "main",
            "AGENT_MEMORY_MODEL": "memo",
            "MEMORY_REST_MINUTES": "0.01",
            "TOOLS_PATH": str(tools),
            "AGENT_ANSWER_FORMAT": "text",
            "EXPERIMENTS": json.dumps({"courage": {"share": 1.0, "arms": arms}}),
        }
        yield await asyncio.to_thread(make_hub, database_url=sqlite_url, environment=environment)


async def test_two_arms_are_told_apart(sqlite_url: str, make_hub: MakeHub, tmp_path: Path) -> None:
    tools = tmp_path / "tools.py"
    tools.write_text(TOOLS)
    asked: list[dict[str, Any]] = []
    arms: Counter[str] = Counter()
    async with _hub(make_hub, sqlite_url, tools, asked) as hub, aiohttp.ClientSession() as http:
        while min(arms["plain"], arms["timid"]) < ENOUGH:
            assert arms.total() < MOST
            answer, seen = await _answer_to(http, hub, QUESTION)
            arm = "timid" if answer["requires_escalation"] else "plain"
            assert ("from 9 to 17" in answer["message"]) == (arm == "plain"), answer
            assert "courage" not in seen, "customers are not told of it"
            arms[arm] += 1
        first = [one["model"] for one in asked if one["model"] in arms and one["messages"][-1]["role"] == "user"]
        assert Counter(first) == arms, "each customer was answered once, by the model of one arm"
        assert {one.get("temperature") for one in asked if one["model"] == "timid"} == {0.5}
        found = await asyncio.to_thread(_compare, hub)
        await eventually(lambda: "memo" in [one["model"] for one in asked])
    assert found["name"] == "courage"
    by_name = {one["name"]: one for one in found["arms"]}
    assert {name: one["customers"] for name, one in by_name.items()} == dict(arms)
    for name, count in arms.items():
        measures = by_name[name]["measures"]
        told = (measures["answered without a person"]["count"], measures["came to people"]["count"])
        assert told == ((count, 0) if name == "plain" else (0, count))
    assert by_name["timid"]["measures"]["came to people"]["difference"] == 1.0
    assert "main" not in {one["model"] for one in asked if "tools" in one}
