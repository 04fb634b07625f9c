"""What the model costs in a running hub: counted by customer, task and day, shown by the command, and limited by a budget."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

from tests.fixtures.hub import MakeHub
from tests.integration.budgets.visitor import PROXIED, visitors
from tests.integration.llm.wire_server import DONE, chunk, serving, stream
from tests.servers.hub import Hub
from tests.servers.programs import ROOT
from tests.unit.core.eventually import eventually

_USAGE = {
    "prompt_tokens": 1_000,
    "completion_tokens": 100,
    "total_tokens": 1_100,
    "prompt_tokens_details": {"cached_tokens": 400},
}
_PRICES = {"gpt-5-*": {"input": 2, "cached_input": 0.5, "output": 8}}
_ONE_CALL = (600 * 2 + 400 * 0.5 + 100 * 8) / 1_000_000
HELLO = "Hello! How can I help?"


def _used(hub: Hub, by: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "config.cli", "customers", "use", "--by", by, "--json"]
    ran = subprocess.run(
        command, cwd=ROOT, env=hub.environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["use"]
    return found


async def test_cost_is_counted_shown_and_limited(make_hub: MakeHub, sqlite_url: str) -> None:
    usage = f"data: {json.dumps({'choices': [], 'usage': _USAGE})}\n\n"
    async with serving(stream(chunk(HELLO), chunk(finish="stop"), usage, DONE)) as server:
        environment = {
            **PROXIED,
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "k",
            "AGENT_ANSWER_FORMAT": "text",
            "MODEL_PRICES": json.dumps(_PRICES),
            "MODEL_COST_PER_CUSTOMER": "0.001",
        }
        hub = await asyncio.to_thread(make_hub, database_url=sqlite_url, environment=environment)
        async with visitors(hub.url, "198.51.100.7", "203.0.113.9") as (one, other):
            first = await one.say(await one.session(), "Hello", wait=30)
            assert HELLO in first.body["message"]
            asked = len(server.requests)

            async def is_written() -> bool:
                return sum(use["calls"] for use in await asyncio.to_thread(_used, hub, "customer")) == asked

            await eventually(is_written)
            (use,) = await asyncio.to_thread(_used, hub, "customer")
            assert use["cost"] == round(asked * _ONE_CALL, 10)
            assert (use["input_tokens"], use["cached_tokens"], use["output_tokens"]) == (
                *(1_000 * asked, 400 * asked, 100 * asked),
            )
            assert use["address"].startswith("web:")
            assert use["estimated_calls"] == 0
            tasks = {(line["model"], line["task"]) for line in await asyncio.to_thread(_used, hub, "model")}
            assert ("gpt-5-mini", "answer") in tasks
            second = await one.say(await one.session(), "Hello", wait=30)
            assert HELLO not in second.body["message"], "answered without the model"
            assert len(server.requests) == asked
            third = await other.say(await other.session(), "Hello", wait=30)
            assert HELLO in third.body["message"], "another address has a share of its own"
            asked = len(server.requests)
            await asyncio.to_thread(hub.stop)
            await asyncio.to_thread(hub.start)
            again = await one.say(await one.session(), "Hello", wait=30)
            assert HELLO not in again.body["message"], "a restart does not renew the budget"
            assert len(server.requests) == asked
    assert hub.log.read_text().count('"budget.used_up"') == 2, "once in each run"
