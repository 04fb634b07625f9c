"""Hubs on one PostgreSQL share what was spent, and a restart keeps what lasts for a day."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from pathlib import Path

import pytest

from tests.fixtures.hub import MakeHub
from tests.fixtures.peers import MakeLlMock
from tests.integration.budgets.visitor import PROXIED, visitors
from tests.servers.hub import Hub
from tests.servers.llmock import LlMock


async def _asked(model: LlMock) -> int:
    def read() -> int:
        with urllib.request.urlopen(f"{model.url.removesuffix('/v1')}/__aimock/journal", timeout=60) as answer:
            return len(json.load(answer))

    return await asyncio.to_thread(read)


async def test_two_hubs_share_the_limit_of_an_address(make_hub: MakeHub, postgres_url: str) -> None:
    environment = {**PROXIED, "SESSIONS_PER_ADDRESS": "40"}
    one, two = (make_hub(database_url=postgres_url, role="web", environment=environment) for _ in range(2))
    for number in range(10):
        began = _minute()
        granted = await _granted_by_the_second(one, two, f"198.51.100.{number}")
        if _minute() == began:  # limits begin anew with each minute
            break
    assert granted < 40, "the second hub learns of the first within a second of its own first grant"


async def _granted_by_the_second(one: Hub, two: Hub, address: str) -> int:
    """How many sessions one hub grants to an address that has used up all but one of its share at the other."""
    granted = 0
    async with visitors(one.url, address) as (there,), visitors(two.url, address) as (here,):
        for _ in range(39):
            assert (await there.call("POST", "/api/sessions")).status == 200
        while (await here.call("POST", "/api/sessions")).status == 200:
            granted += 1
            await asyncio.sleep(0.1)
    return granted


def _minute() -> int:
    return int(time.time() // 60)


async def test_files_that_another_hub_has_sent_make_room_again(
    make_hub: MakeHub, postgres_url: str, tmp_path: Path
) -> None:
    shared = {"DATA_DIR": str(tmp_path / "shared"), "DATA_DIR_SHARED": "true"}
    environment = {**PROXIED, **shared, "UNSENT_BYTES_PER_ADDRESS": "100000"}
    one, two = (make_hub(database_url=postgres_url, role="web", environment=environment) for _ in range(2))
    async with visitors(one.url, "198.51.100.7") as (there,), visitors(two.url, "198.51.100.7") as (here,):
        session = await there.session()
        for number in range(4):
            uploaded = await there.upload(session, 75_000)
            assert uploaded.status == 200, number
            assert (await there.upload(session, 75_000)).status == 429
            sent = await here.say(session, "Look", attachments=[uploaded.body["id"]])
            assert sent.status == 202, sent


@pytest.mark.peer
async def test_tokens_of_a_day_are_kept_over_a_restart(
    make_hub: MakeHub, make_llmock: MakeLlMock, sqlite_url: str
) -> None:
    model = make_llmock([{"match": {"userMessage": "Hello"}, "response": {"content": "Hello! How can I help?"}}])
    environment = {**PROXIED, "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "k", "MODEL_TOKENS_PER_CUSTOMER": "1"}
    hub = make_hub(database_url=sqlite_url, environment=environment)
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
