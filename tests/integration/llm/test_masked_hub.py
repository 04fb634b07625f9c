"""MASK_PERSONAL_DATA in a running hub: in answers, tools, checks and memory nothing personal reaches the model's endpoint."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from core.domain.personal_data import personal_data
from tests.faults.attack.stranger import Stranger, stranger
from tests.fixtures.hub import MakeHub
from tests.integration.llm.wire_server import DONE, chunk
from tests.unit.core.eventually import eventually

_PLACEHOLDER = re.compile(r"\[(?:email|phone|iban|card|ip|id) \d+\]")
_TOOL = '''
from pathlib import Path

from core.agent.tools import ToolContext, tool


@tool(effect=False, timeout=5)
async def find_account(context: ToolContext, values: list[str]) -> dict[str, str]:
    """Find an account.

    Args:
        values: All that is known of its owner.
    """
    with Path("{told}").open("a") as file:
        file.write("|".join(values) + "\\n")
    return {{"owner": values[0], "second_address": "second." + values[0], "note": "Parcel 12 waits for " + values[0]}}
'''


@dataclass
class _Endpoint:
    """Calls the tool with every placeholder of the question, answers with them, and remembers them."""

    bodies: list[str] = field(default_factory=list)
    memories: int = 0
    url: str = ""

    async def complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(json.dumps(body, ensure_ascii=False))
        found = list(dict.fromkeys(_PLACEHOLDER.findall(body["messages"][-1]["content"])))
        if body.get("tools") and body["messages"][-1]["role"] == "user" and found:
            function = {"name": "find_account", "arguments": json.dumps({"values": found})}
            calls = chunk(tool_calls=[{"index": 0, "id": f"c{len(self.bodies)}", "function": function}])
            return self._streamed(calls, chunk(finish="tool_calls"))
        if body.get("tools"):
            owner = found[0] if found else "nobody"
            halves = owner[:4], owner[4:]
            return self._streamed(chunk("Parcel 12 waits for "), *map(chunk, halves), chunk("."), chunk(finish="stop"))
        said = "{}"
        if '"known"' in body["messages"][-1]["content"] and found:
            fact = {"kind": "contact", "subject": "email", "text": found[0], "importance": 5, "message": 1}
            said = json.dumps({"facts": [fact], "used": [], "summary": f"Asked for the parcel of {found[0]}."})
            self.memories += 1
        return self._streamed(chunk(said), chunk(finish="stop"))

    def _streamed(self, *events: str) -> web.Response:
        return web.Response(text="".join(events) + DONE, content_type="text/event-stream")


@asynccontextmanager
async def _endpoint() -> AsyncIterator[_Endpoint]:
    endpoint = _Endpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield endpoint
    finally:
        await runner.cleanup()


def _card(chance: random.Random) -> str:
    digits = [4, *(chance.randrange(10) for _ in range(14))]
    doubled = sum(two - 9 if (two := digit * 2) > 9 else two for digit in digits[::2])
    return "".join(map(str, [*digits, -(doubled + sum(digits[1::2])) % 10]))


def _iban(chance: random.Random) -> str:
    account = "".join(str(chance.randrange(10)) for _ in range(18))
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


def _values(chance: random.Random) -> list[str]:
    """An e-mail address first."""
    name = "".join(chance.choice("abcdefghijk") for _ in range(6))
    others = [
        f"+49 17{chance.randrange(10)} {chance.randrange(10**6, 10**7)}",
        _card(chance),
        _iban(chance),
        f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
    ]
    return [f"{name}@example.com", *chance.sample(others, 3)]


async def _tell(customer: Stranger, values: list[str]) -> str:
    session = await customer.session()
    assert session is not None
    text = f"My e-mail address is {values[0]}. Where is my parcel? Besides: {', '.join(values[1:])}"
    assert await customer.write(session, text, "m1") in (200, 202)
    await eventually(lambda: _answered(customer, session))
    return str((await customer.history(session))[-1])


async def _answered(customer: Stranger, session: Any) -> bool:
    await asyncio.sleep(0.3)  # how often one address may ask is limited
    return await customer.is_answered(session)


async def test_no_personal_data_reaches_the_endpoint(sqlite_url: str, make_hub: MakeHub, tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    tools = tmp_path / "tools.py"
    tools.write_text(_TOOL.format(told=told))
    chance = random.Random(26)
    customers = [_values(chance) for _ in range(6)]
    async with _endpoint() as endpoint:
        environment = {
            "OPENAI_BASE_URL": endpoint.url,
            "OPENAI_API_KEY": "sk-k",
            "TOOLS_PATH": str(tools),
            "MASK_PERSONAL_DATA": "true",
            "MEMORY_REST_MINUTES": "0.01",
            "AGENT_STRICTNESS": "trust",
        }
        hub = await asyncio.to_thread(make_hub, database_url=sqlite_url, environment=environment)
        async with stranger(hub, patient=True) as customer:
            answers = [await _tell(customer, values) for values in customers]
        await eventually(lambda: endpoint.memories >= len(customers))
    sent = "\n".join(endpoint.bodies)
    values = [value for one in customers for value in one]
    assert all(personal_data(value) for value in values)
    assert not [value for value in values if value in sent]
    assert not [f"second.{one[0]}" for one in customers if f"second.{one[0]}" in sent]
    received = [set(line.split("|")) for line in told.read_text().splitlines()]
    for one, answer in zip(customers, answers, strict=True):
        assert set(one) in received, "tools get the true values"
        assert f"Parcel 12 waits for {one[0]}" in answer, "the customer reads the true value"
    log = hub.log.read_text()
    assert not [value for value in values if value in log]
