"""An experiment from end to end: two arms with models of their own answer customers, and the command compares them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from tests.fixtures.hub import MakeHub
from tests.integration.llm.wire_server import DONE, Behaviour, chunk, serving, stream
from tests.servers.hub import Hub
from tests.unit.core.eventually import eventually

QUESTION = "How do I reset my password?"
ANSWER = "Choose “Forgot password?” on the sign-in page [1]."
HAND_OVER = {"index": 0, "id": "a", "function": {"name": "escalate_to_human", "arguments": '{"reason": "unsure"}'}}
ENOUGH = 3
"""Customers in each arm."""
MOST = 40
"""Customers who write at most; that fewer than ENOUGH of them are in one arm happens once in 10^8 runs."""


def _by_model(asked: list[dict[str, Any]]) -> Behaviour:
    """The one model answers, the other hands over, and all else finds nothing."""
    answers = {
        "plain": stream(chunk(ANSWER), chunk(finish="stop"), DONE),
        "timid": stream(chunk(tool_calls=[HAND_OVER]), chunk(finish="tool_calls"), DONE),
    }
    other = stream(chunk('{"facts": []}'), chunk(finish="stop"), DONE)

    async def behave(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        asked.append(body)
        return await answers.get(body["model"], other)(request)

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
async def _hub(make_hub: MakeHub, database_url: str, asked: list[dict[str, Any]]) -> AsyncIterator[Hub]:
    arms = {"plain": {"model": "plain"}, "timid": {"model": "timid", "temperature": 0.5}}
    async with serving(_by_model(asked)) as server:
        environment = {
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "sk-k",
            "OPENAI_MODEL": "main",
            "AGENT_MEMORY_MODEL": "memo",
            "MEMORY_REST_MINUTES": "0.01",
            "AGENT_ANSWER_FORMAT": "text",
            "AGENT_STRICTNESS": "trust",
            "EXPERIMENTS": json.dumps({"courage": {"share": 1.0, "arms": arms}}),
        }
        yield await asyncio.to_thread(make_hub, database_url=database_url, sources="sample", environment=environment)


async def test_two_arms_are_told_apart(database_url: str, make_hub: MakeHub) -> None:
    asked: list[dict[str, Any]] = []
    arms: Counter[str] = Counter()
    async with _hub(make_hub, database_url, asked) as hub, aiohttp.ClientSession() as http:
        while min(arms["plain"], arms["timid"]) < ENOUGH:
            assert arms.total() < MOST
            answer, seen = await _answer_to(http, hub, QUESTION)
            arm = "timid" if answer["requires_escalation"] else "plain"
            assert ("Forgot password" in answer["message"]) == (arm == "plain"), answer
            assert "courage" not in seen, "customers are not told of it"
            arms[arm] += 1
        again = [one["model"] for one in asked if one["model"] in arms]
        assert Counter(again) == arms, "each customer was answered once, by the model of one arm"
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
