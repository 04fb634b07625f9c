"""A whole hub whose agent uses the sample company through a proxy that makes it slow, broken or gone."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config.sample_company.process import mcp_settings, openapi_settings, sample_company
from config.simulation.customers import WhatsAppOwner
from config.simulation.town import Town, town
from core.tools import breaker, kept_tools
from tests.patience import PATIENCE
from tests.servers.chat_endpoint import ANSWERS, CHECKS, ChatEndpoint, Json, results_of, text_of, tool_calls
from tests.servers.unreliable_proxy import Trouble, UnreliableProxy

DELIVERED = "Order 1001 was delivered on 2 November."
PAID = "The refund of 10.00 EUR for order 1001 is paid back."
UNKNOWN = "I cannot tell whether the refund was made."
CONFIRM = "Shall I do this now?"
AWAY = "I cannot look that up at the moment."
_RECONNECT_SECONDS = 0.5
_ORDER, _REFUND = {"order": 1001}, {"order": 1001, "body": {"amount": 10}}


class Office:
    """``trouble``: of each request that reads, ``write_trouble``: of each that changes something."""

    def __init__(self, built: Town, proxy: UnreliableProxy, server: str) -> None:
        self.town = built
        self.proxy = proxy
        self.trouble = self.write_trouble = Trouble.NONE
        self.check_trouble = Trouble.NONE
        self.next_trouble = lambda: self.trouble
        self.calls = 0
        self._server = server
        self._customers = 0
        proxy.trouble = self._trouble_of

    def _trouble_of(self, request: web.Request, body: bytes) -> Trouble:
        """The protocol's own requests, such as the list of tools, always work."""
        if request.path == "/mcp" and b'"tools/call"' not in body:
            return Trouble.NONE
        self.calls += 1
        if b'"refund_order"' in body or request.path.endswith("/orders/1001/refunds"):
            return self.write_trouble
        if "idempotency" in request.path_qs or b"get_refund" in body:
            return self.check_trouble
        return self.next_trouble()

    @property
    def is_up(self) -> bool:
        """As the metric says."""
        found = self.town.hub.metrics.registry.get_sample_value("switchboard_tool_server_up", {"server": self._server})
        return found == 1

    async def ask(self, *texts: str) -> str:
        """What another customer reads in reply to the last of these messages. Each one before it the hub has to ask about."""
        self._customers += 1
        customer = WhatsAppOwner(self.town, self._customers)
        said: list[str] = []
        for text in texts:
            assert not said or CONFIRM in "\n".join(said), said
            said = await self._answer(customer, text)
        return "\n".join(said)

    async def _answer(self, customer: WhatsAppOwner, text: str) -> list[str]:
        before = len(await customer.read())
        await customer.write(text, (), "")
        open_turns = "SELECT id FROM conversation WHERE channel = 'sms' AND done_seq < last_seq"
        async with asyncio.timeout(PATIENCE):
            while len(await customer.read()) <= before or self.town.rows(open_turns):  # noqa: ASYNC110 - the fake tells nobody
                await asyncio.sleep(0.05)
        return (await customer.read())[before:]


class Agent:
    """A model that calls the tools of one interface and tells what they gave, or ``lies``, which the one that verifies sees."""

    def __init__(self, prefix: str) -> None:
        self.lies = ""
        self._prefix = prefix

    def says(self, messages: list[Json]) -> Json:
        asked = next(text_of(one) for one in reversed(messages) if one["role"] == "user")
        results = results_of(messages)
        is_refund = "refund" in asked or asked.lower().startswith("yes")
        if not results:
            flat = {**_ORDER, "amount": 10}
            call = ("refund_order", flat if self._prefix else _REFUND) if is_refund else ("get_order", _ORDER)
            return tool_calls(0, (self._prefix + call[0], call[1]))
        [result] = results
        if "Not run yet" in result:
            return {"content": "This would pay back 10 EUR of order 1001."}
        if self.lies:
            return {"content": self.lies}
        if "Error" not in result:
            return {"content": PAID if is_refund else DELIVERED}
        return {"content": UNKNOWN if "outcome of this call is unknown" in result else AWAY}


@pytest.fixture(params=["openapi", "mcp"])
def interface(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def agent(interface: str) -> Agent:
    return Agent("shop_" if interface == "mcp" else "")


@pytest.fixture
def pause() -> float:
    """Seconds for which a server that failed is left alone."""
    return 0.5


@pytest.fixture
async def office(
    interface: str, agent: Agent, pause: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    monkeypatch.setattr(breaker, "Breaker", functools.partial(breaker.Breaker, pause=pause))
    for name in ("_FIRST_PAUSE", "_LONGEST_PAUSE"):  # between two connections to a server whose session was lost
        monkeypatch.setattr(kept_tools, name, _RECONNECT_SECONDS)
    monkeypatch.chdir(tmp_path)
    async with AsyncExitStack() as stack:
        company = await stack.enter_async_context(sample_company(tmp_path / "refunds.db"))
        proxy = await stack.enter_async_context(UnreliableProxy(company))
        model = await stack.enter_async_context(ChatEndpoint(agent.says, lambda text: text in agent.lies))
        given = mcp_settings(proxy.url) if interface == "mcp" else openapi_settings(proxy.url)
        changes = {**_model(model.url), **given, "tool_overrides": _quick(given["tool_overrides"])}
        built = await stack.enter_async_context(town(tmp_path / "var", changes))
        yield Office(built, proxy, "shop" if interface == "mcp" else proxy.url.removeprefix("http://"))


def _model(url: str) -> Mapping[str, Any]:
    names = {"openai_model": ANSWERS, "agent_verify_model": CHECKS, "openai_api_key": "none", "openai_base_url": url}
    off = {"agent_vision_model": "off", "agent_transcription_model": "off", "knowledge_sources": "none"}
    return {**names, **off, "memory": False}


def _quick(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """A call may take half a second, so that a server that never answers is soon given up."""
    names = {"get_order", "get_refund"} if "refund_order" in overrides else set()
    return {name: {**overrides.get(name, {}), "timeout": 0.5} for name in names | overrides.keys()}
