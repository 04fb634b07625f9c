"""The demo with a language model: the sample company runs beside the hub, and ends with it however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import psutil
import pytest

from config.knowledge.knowledge_parts import sample_stands_in
from config.sample_company.process import demo_settings
from config.settings import read_settings
from tests.e2e.conftest import MakeSampleHub
from tests.e2e.test_make_run import ask_hub
from tests.integration.tools.world import until
from tests.servers.chat_endpoint import ANSWERS, CHECKS, ChatEndpoint, Json, results_of, tool_calls
from tests.servers.hub import Hub


def _says(messages: Sequence[Json]) -> Json:
    if not results_of(messages):
        return tool_calls(0, ("check_stock", {"product": "card reader"}))
    return {"content": "There are 14 card readers in stock."}


async def _company_ends_after(hub: Hub, end: Callable[[], object]) -> None:
    [company] = [one for one in psutil.Process(hub.pid).children() if "config.sample_company" in one.cmdline()]
    await asyncio.to_thread(end)
    await until(lambda: not company.is_running() or company.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
async def test_a_visitor_asks_for_stock_and_the_company_ends_with_the_hub(
    make_sample_hub: MakeSampleHub, sqlite_url: str
) -> None:
    async with ChatEndpoint(_says) as model:
        names = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none", "OPENAI_MODEL": ANSWERS}
        hub = make_sample_hub(database_url=sqlite_url, environment={**names, "AGENT_VERIFY_MODEL": CHECKS})
        answer = await ask_hub(hub.url, "How many card readers do you have?")
        assert "14 card readers" in answer["content"]
        await _company_ends_after(hub, hub.stop)
        hub.start()
        await _company_ends_after(hub, hub.kill)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"openai_base_url": "http://127.0.0.1:1/v1", "knowledge_sources": "none"},
        {"openai_base_url": "http://127.0.0.1:1/v1", "openapi_tools": {}},
        {"openai_base_url": "http://127.0.0.1:1/v1", "mcp_servers": {}},
    ],
)
async def test_without_a_model_with_own_documents_or_with_own_tools_there_is_none(given: dict[str, Any]) -> None:
    settings = read_settings(**given)
    assert sample_stands_in(read_settings()) is not None
    async with demo_settings(settings) as served:
        assert served is settings
