"""Hubs on one PostgreSQL share what was spent, and a restart keeps what lasts for a day."""

from __future__ import annotations

import asyncio
import json
import urllib.request

import pytest

from tests.fixtures.hub import MakeHub
from tests.fixtures.peers import MakeLlMock
from tests.integration.budgets.visitor import PROXIED, visitors
from tests.servers.llmock import LlMock


async def _asked(model: LlMock) -> int:
    def read() -> int:
        with urllib.request.urlopen(f"{model.url.removesuffix('/v1')}/__aimock/journal", timeout=5) as answer:
            return len(json.load(answer))

    return await asyncio.to_thread(read)


async def test_two_hubs_share_the_limit_of_an_address(make_hub: MakeHub, postgres_url: str) -> None:
    environment = {**PROXIED, "SESSIONS_PER_ADDRESS": "40"}
    hubs = [make_hub(database_url=postgres_url, role="web", environment=environment) for _ in range(2)]
    async with visitors(hubs[0].url, "198.51.100.7") as (one,), visitors(hubs[1].url, "198.51.100.7") as (two,):
        for _ in range(39):
            assert (await one.call("POST", "/api/sessions")).status == 200
        granted = 0
        async with asyncio.timeout(30):
            while (await two.call("POST", "/api/sessions")).status == 200:
                granted += 1
                await asyncio.sleep(0.1)
        assert granted < 40, "the second hub learns of the first within a second of its own first grant"


@pytest.mark.peer
async def test_tokens_of_a_day_are_kept_over_a_restart(
    make_hub: MakeHub, make_llmock: MakeLlMock, database_url: str
) -> None:
    model = make_llmock([{"match": {"userMessage": "Hello"}, "response": {"content": "Hello! How can I help?"}}])
    environment = {**PROXIED, "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "k", "MODEL_TOKENS_PER_CUSTOMER": "1"}
    hub = make_hub(database_url=database_url, environment=environment)
    async with visitors(hub.url, "198.51.100.7", "203.0.113.9") as (stranger, other):
        first = await stranger.say(await stranger.session(), "Hello", wait=30)
        assert "How can I help?" in first.body["message"]
        asked = await _asked(model)
        assert asked >= 1
        second = await stranger.say(await stranger.session(), "Hello", wait=30)
        assert second.status == 200
        assert "How can I help?" not in second.body["message"]
        assert await _asked(model) == asked
        hub.stop()
        hub.start()
        third = await stranger.say(await stranger.session(), "Hello", wait=30)
        assert third.body["message"] == second.body["message"]
        assert await _asked(model) == asked
        fourth = await other.say(await other.session(), "Hello", wait=30)
        assert fourth.body["message"] == first.body["message"]
