"""The sample company over HTTP and MCP, as the hub calls it: the same books, and one refund for each key."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest

from config.company_tools import company_tools
from config.remote_tools import start_servers
from config.sample_company.process import mcp_settings, openapi_settings, sample_company
from config.settings import read_settings
from core.agent.tools import Tool
from core.domain.customer import Evidence
from core.domain.errors import ToolError, ToolErrorKind
from core.ports.metrics import NoMetrics
from tests.integration.tools.world import ALICE, customer_with, until
from tests.servers.programs import ROOT

ADA = customer_with(("sms", "+12025550007", Evidence.PROVIDER_VERIFIED))
CARD_READER = {
    "customer": "C0007",
    "order": 1001,
    "product": "card reader",
    "total": "79.00 EUR",
    "status": "delivered on 2 November",
}
PAID = {"customer": "C0007", "order": 1001, "refunded": "10.00 EUR", "status": "paid back"}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with sample_company() as address:
        yield address


@asynccontextmanager
async def tools_of(*given: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Tool]]:
    overrides = {name: value for one in given for name, value in one["tool_overrides"].items()}
    settings = read_settings(**{**{k: v for one in given for k, v in one.items()}, "tool_overrides": overrides})
    async with AsyncExitStack() as closing:
        remote = start_servers(settings, NoMetrics(), closing)
        if settings.mcp_servers:
            await until(remote)
        yield {**company_tools(settings), **remote()}


async def ask(tools: Mapping[str, Tool], name: str, who: Any = ADA, **arguments: Any) -> Any:
    tool = tools[name]
    return (await tool.run(tool.parse(json.dumps(arguments)), who)).data


async def test_an_order_is_the_same_through_openapi_and_through_mcp(url: str) -> None:
    async with tools_of(openapi_settings(url), mcp_settings(url)) as tools:
        assert await ask(tools, "get_order", order=1001) == CARD_READER
        assert await ask(tools, "shop_get_order", order=1001) == CARD_READER
        assert len(await ask(tools, "list_orders")) == 3
        assert await ask(tools, "check_stock", ALICE, product="Card readers") == {
            "product": "card reader",
            "in_stock": 14,
        }
        assert (await ask(tools, "shop_check_stock", ALICE, product="receipt printer"))["expected"] == "3 December"
        for name in ("get_subscription", "shop_get_subscription"):
            assert (await ask(tools, name))["plan"] == "Team"
        assert all("customer" not in tool.spec.parameters["properties"] for tool in tools.values())
        assert [name for name, tool in tools.items() if tool.effect] == ["refund_order", "shop_refund_order"]


async def test_a_key_pays_once_however_often_and_whichever_way_it_comes(url: str) -> None:
    async with tools_of(openapi_settings(url), mcp_settings(url)) as tools:
        for _ in range(2):
            assert await ask(tools, "refund_order", order=1001, body={"amount": 10}) == PAID
            assert await ask(tools, "shop_refund_order", order=1001, amount=10) == PAID
        for name in ("get_refund", "shop_get_refund"):
            assert await ask(tools, name, idempotency_key=ADA.idempotency_key) == PAID
        assert (await ask(tools, "get_order", order=1001))["refunded"] == "10.00 EUR"
        bob = customer_with(("sms", "+12025550008", Evidence.PROVIDER_VERIFIED))
        with pytest.raises(ToolError, match="No refund"):
            await ask(tools, "get_refund", bob, idempotency_key=ADA.idempotency_key)
        with pytest.raises(ToolError, match="Another refund"):
            await ask(tools, "refund_order", order=1001, body={"amount": 11})


REFUSALS: list[tuple[str, dict[str, Any], ToolErrorKind, str]] = [
    ("get_order", {"order": 1009}, ToolErrorKind.NOT_FOUND, "no such order"),
    ("get_refund", {"idempotency_key": "another"}, ToolErrorKind.NOT_FOUND, "No refund"),
    ("refund_order", {"order": 1003, "body": {"amount": 10}}, ToolErrorKind.REFUSED, "30 days"),
    ("refund_order", {"order": 1001, "body": {"amount": 80}}, ToolErrorKind.REFUSED, "more than is left"),
    ("refund_order", {"order": 1001, "body": {"amount": 0.001}}, ToolErrorKind.INVALID, "two decimals"),
    ("refund_order", {"order": 1001, "body": {"amount": -10}}, ToolErrorKind.INVALID, "more than nothing"),
    ("shop_refund_order", {"order": 1003, "amount": 10}, ToolErrorKind.REFUSED, "30 days"),
    ("shop_get_order", {"order": 1009}, ToolErrorKind.REFUSED, "no such order"),
]


async def test_a_refusal_says_why_and_that_nothing_was_done(url: str) -> None:
    async with tools_of(openapi_settings(url), mcp_settings(url)) as tools:
        for name, arguments, kind, reason in REFUSALS:
            with pytest.raises(ToolError, match=reason) as refusal:
                await ask(tools, name, **arguments)
            assert refusal.value.kind is kind, (name, arguments)
        assert await ask(tools, "get_order", order=1001) == CARD_READER


async def test_a_customer_whom_the_company_does_not_know_reads_nothing(url: str) -> None:
    stranger = customer_with(("sms", "+33123456789", Evidence.PROVEN))
    async with tools_of(openapi_settings(url), mcp_settings(url)) as tools:
        for name in ("get_order", "shop_get_order"):
            with pytest.raises(ToolError, match="no such customer"):
                await ask(tools, name, stranger, order=1001)


async def test_without_a_port_it_is_an_mcp_server_on_its_standard_input() -> None:
    given = {**mcp_settings("http://127.0.0.1:1")}
    place = {**given["mcp_servers"]["shop"], "command": [sys.executable, "-m", "config.sample_company"]}
    del place["url"]
    given["mcp_servers"] = {"shop": {**place, "env": {"PYTHONPATH": str(ROOT)}}}
    async with tools_of(given) as tools:
        assert await ask(tools, "shop_get_order", order=1001) == CARD_READER


async def test_it_serves_its_own_document_and_bounds_what_it_reads(url: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        assert "operationId: refundOrder" in (await http.get(f"{url}/openapi.yaml")).text
        refunds = f"{url}/customers/C0007/orders/1001/refunds"
        assert (await http.post(refunds, content=b"[" * 20_000)).status_code == 413
        assert (await http.post(refunds, content=b'{"amount": 10}')).status_code == 400
        keyed = {"Idempotency-Key": "one"}
        for body in (b"no json", b'{"amount": 1e400}', b'{"amount": "much"}', b'{"amount": true}'):
            assert (await http.post(refunds, content=body, headers=keyed)).status_code == 422


async def test_a_taken_port_is_said_in_one_line(url: str) -> None:
    port = url.rpartition(":")[2]
    again = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "config.sample_company", "--port", port, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await again.communicate()
    assert again.returncode == 2
    assert b"cannot listen on 127.0.0.1:" in said
    assert b"Traceback" not in said
