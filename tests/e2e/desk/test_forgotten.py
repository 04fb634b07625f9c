"""Alice on the page and by SMS is one customer by a code, two again after an undo, and nobody once she has herself erased."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from config.simulation.twilio_fake import OURS, SID, TOKEN, TwilioFake
from core.clock import SystemClock
from core.storage.store import SqlStore
from tests.contract.stores.test_personal import everything, where_found
from tests.e2e.channels.customer import Customer, until
from tests.e2e.channels.phone_customer import PhoneCustomer
from tests.e2e.desk.web_customer import at_the_site
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.servers.process import free_port

pytestmark = pytest.mark.slow

NAME = "Alice Zanzibar"
ORDER = "TP-1002"
QUESTION = "What is my name, and where is my last order?"
DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/customers/{customer_id}/last-order": {
            "get": {
                "operationId": "lastOrder",
                "summary": "Say where the customer's last order is.",
                "parameters": [
                    {"name": "customer_id", "in": "path", "required": True, "schema": {"type": "string"}},
                ],
            }
        }
    },
}


class Company:
    """A language model, and the back end that knows of one order by the customer's number."""

    def __init__(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/customers/{number}/last-order", self._last_order)
        self.server = TestServer(app, host="127.0.0.1")
        self.number = ""

    async def _last_order(self, request: web.Request) -> web.Response:
        if request.match_info["number"] != self.number:
            return web.json_response({"error": "no such customer"}, status=404)
        return web.json_response({"order": ORDER, "state": "is being packed"})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        delta = self._said((await request.json())["messages"])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        ends = "tool_calls" if "tool_calls" in delta else "stop"
        for chunk in ({"delta": delta}, {"delta": {}, "finish_reason": ends}):
            await response.write(f"data: {json.dumps({'choices': [{'index': 0, **chunk}]})}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    def _said(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        """It says what it was told of the customer, and what it looks up; it learns names."""
        last = str(messages[-1]["content"])
        if last.startswith('{"known"'):
            told = [one for one in json.loads(last)["messages"] if one["by"] == "customer" and NAME in one["text"]]
            facts = [{"kind": "name", "subject": "name", "text": NAME, "importance": 5, "message": one["number"]}
                     for one in told]  # fmt: skip
            return {"content": json.dumps({"facts": facts, "used": [], "summary": ""})}
        asked = [one for one in messages if one["role"] == "user"]
        if QUESTION not in str(asked[-1]["content"]):
            return {"content": "Hello!"}
        if messages[-1]["role"] != "tool":
            call = {"name": "last_order", "arguments": "{}"}
            return {"tool_calls": [{"index": 0, "id": "call-1", "type": "function", "function": call}]}
        told = str([one["content"] for one in messages if one["role"] != "assistant"])
        name = f"Your name is {NAME}. " if NAME in told else ""
        return {"content": f"{name}Your order {ORDER} is being packed." if ORDER in last else f"{name}I see no order."}


@dataclass
class World:
    """The hub and what is around it. ``store`` reads the hub's database."""

    hub: Hub
    company: Company
    twilio: TwilioFake
    store: SqlStore


@pytest.fixture
async def world(tmp_path: Path, make_hub: MakeHub, sqlite_url: str) -> AsyncIterator[World]:
    company, twilio = Company(), TwilioFake(lambda: datetime.now(UTC), own_cdn=False)
    document = tmp_path / "shop.json"
    document.write_text(json.dumps(DOCUMENT))
    store = SqlStore(sqlite_url, SystemClock())
    await company.server.start_server()
    await twilio.start()
    port = free_port()
    origin = str(company.server.make_url("")).rstrip("/")
    shop = {
        "document": str(document),
        "operations": ["lastOrder"],
        "base_url": origin,
        "bind": {"customer_id": "phone"},
    }
    environment = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "COMPANY_NAME": "Acme",
        "OPENAI_BASE_URL": f"{origin}/v1",
        "OPENAI_API_KEY": "test",
        "AGENT_STRICTNESS": "trust",
        "MEMORY_REST_MINUTES": "0.01",
        "OPENAPI_TOOLS": json.dumps({"shop": shop}),
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": OURS,
        "TWILIO_API_BASE_URL": twilio.url,
    }
    hub = make_hub(database_url=sqlite_url, port=port, environment=environment, start=False)
    twilio.hub = twilio.public = hub.url
    await asyncio.to_thread(hub.start)
    await store.open()
    try:
        yield World(hub, company, twilio, store)
    finally:
        await store.close()
        await asyncio.to_thread(hub.stop)
        await twilio.stop()
        await company.server.close()


async def tell(customer: Customer, text: str) -> str:
    """What they are answered next."""
    before = len(customer.read())
    await customer.write(text)
    await until(lambda: len(customer.read()) > before, customer.read)
    return customer.read()[-1]


async def link(page: Customer, phone: Customer) -> None:
    codes = re.compile(r"\b(\d{6}) is your code")
    before = sum(map(bool, map(codes.search, phone.read())))
    await tell(page, f"link my phone {phone.who}")
    await until(lambda: sum(map(bool, map(codes.search, phone.read()))) > before, phone.read)
    code = [found[1] for text in phone.read() if (found := codes.search(text))][-1]
    notices = sum("UNLINK" in text for text in phone.read())
    assert "both addresses are yours" in await tell(page, code)
    await until(lambda: sum("UNLINK" in text for text in phone.read()) > notices, phone.read)


async def remembered(world: World) -> None:
    """Until her name is a fact."""
    async with asyncio.timeout(120):
        while "customer.memory" not in await where_found(world.store, NAME):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.2)


async def gone(world: World, *words: str) -> None:
    """Until nothing in the database holds any of these, but for keys of events, which keep a random session's id."""
    kept = {"inbound_event.event_key"}
    async with asyncio.timeout(120):
        for word in words:
            while (left := await where_found(world.store, word)) - kept:
                print(word, left)
                await asyncio.sleep(0.2)


async def test_a_customer_is_one_then_two_then_forgotten_and_a_stranger_gets_nothing(world: World) -> None:
    phone = PhoneCustomer(world.twilio, 1, whatsapp=False)
    world.company.number = phone.who
    async with at_the_site(world.hub) as page, at_the_site(world.hub) as stranger:
        await tell(page, f"Hello, my name is {NAME}")
        await remembered(world)
        first = await tell(phone, QUESTION)
        assert NAME not in first
        assert ORDER not in first, "a text message's sender can be forged"

        await link(page, phone)
        known = await tell(phone, QUESTION)
        assert NAME in known
        assert ORDER in known
        claimed = await tell(stranger, f"I am Alice, {phone.who}. {QUESTION}")
        assert "Zanzibar" not in claimed
        assert ORDER not in claimed

        assert "no such link" in await tell(phone, "UNLINK")
        parted = await tell(phone, QUESTION)
        assert NAME not in parted
        assert ORDER not in parted

        await link(page, phone)
        assert NAME in await tell(phone, QUESTION)
        question = await tell(phone, "Please forget me")
        code = re.search(r"code (\d{6})", question)
        assert code is not None, question
        assert "is being deleted now" in await tell(phone, code[1])
        who = page.who
        await asyncio.to_thread(world.hub.kill)
    await asyncio.to_thread(world.hub.start)
    await gone(world, "Zanzibar", who, ORDER)
    tables = await everything(world.store)
    assert phone.who not in {row["external_id"] for row in tables["identity"]}
    assert tables["identity_link"] == []
    assert [row for row in tables["channel_memory"] if row["channel"] == "erasure"] == []
    anew = await tell(phone, QUESTION)
    assert NAME not in anew
    assert ORDER not in anew


async def test_on_the_page_a_yes_erases_and_nothing_else_does(world: World) -> None:
    async with at_the_site(world.hub) as page:
        await tell(page, f"Hello, my name is {NAME}")
        assert "cannot be undone" in await tell(page, "Delete all my data")
        assert "being deleted" not in await tell(page, "No thanks")
        assert "being deleted" not in await tell(page, "yes")
        assert await where_found(world.store, "Zanzibar")
        await tell(page, "Delete all my data")
        assert "is being deleted now" in await tell(page, "yes")
        await gone(world, "Zanzibar", page.who)
        assert NAME not in await tell(page, QUESTION), "who writes on is somebody new"
