"""A company's HTTP service on loopback, which works as well or badly as a test wants, and the customer who asks."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from core.agent.tools import ToolContext
from core.domain.customer import Customer, Evidence, KnownIdentity
from tests.patience import PATIENCE

TOKEN = "Bearer s3cret-token"
OPERATIONS = ["getOrder", "returnOrder", "listShops"]
_ORDER = {"name": "order", "in": "path", "required": True, "schema": {"type": "string"}}
_CUSTOMER = {"name": "customer_id", "in": "path", "required": True, "schema": {"type": "string"}}
BODY = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "email": {"type": "string"}},
    "required": ["email"],
}
DOCUMENT = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://elsewhere.example/v1"}],
    "paths": {
        "/customers/{customer_id}/orders/{order}": {
            "parameters": [_CUSTOMER, _ORDER],
            "get": {
                "operationId": "getOrder",
                "summary": "Say where an order is.",
                "parameters": [
                    {"name": "fields", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
                ],
            },
            "post": {
                "operationId": "returnOrder",
                "summary": "Send an order back.",
                "requestBody": {"required": True, "content": {"application/json": {"schema": BODY}}},
            },
        },
        "/shops": {"get": {"operationId": "listShops", "summary": "List the shops."}},
    },
}


class Service:
    """``answer``: what it says next. ``requests``: what it was asked, as method, path with query, headers and body."""

    def __init__(self) -> None:
        self.answer: web.StreamResponse | Exception | None = web.json_response({"status": "in Lisbon"})
        self.requests: list[tuple[str, str, Mapping[str, str], Any]] = []
        self.url = "http://127.0.0.1:1"
        self.document = json.dumps(DOCUMENT)
        self.document_kind = "application/json"
        self.document_headers: Mapping[str, str] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/openapi.json":
            self.document_headers = request.headers
            return web.Response(text=self.document, content_type=self.document_kind)
        body = await request.read()
        self.requests.append((request.method, request.path_qs, request.headers, json.loads(body) if body else None))
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, web.Response):
            said = self.answer
            return web.Response(body=said.body, status=said.status, headers=said.headers)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@asynccontextmanager
async def running(service: Service, tls: ssl.SSLContext | None = None) -> AsyncIterator[Service]:
    async with serving(service.handle, tls) as service.url:
        yield service


@asynccontextmanager
async def serving(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """The address at which ``handle`` answers."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def given(service: Service, folder: Path, **changes: Any) -> dict[str, Any]:
    """The setting OPENAPI_TOOLS for the service, with its document in a file."""
    file = folder / "shop.json"
    file.write_text(service.document, encoding="utf-8")
    shop = {
        "document": str(file),
        "operations": OPERATIONS,
        "base_url": f"{service.url}/v1",
        "headers": {"Authorization": TOKEN},
        "bind": {"customer_id": "user_id", "email": "email"},
        "anyone": ["listShops"],
    }
    return {"shop": {**shop, **changes}}


def customer_with(
    *identities: tuple[str, str, Evidence], writes_as: str = "user:42", private: bool = True
) -> ToolContext:
    known = [KnownIdentity(*one) for one in identities]

    async def look() -> Sequence[KnownIdentity]:
        return known

    return ToolContext("c1", Customer("cu1", writes_as), "t1", "call", private=private, identities=look)


ALICE = customer_with(
    ("web", "user:42", Evidence.PROVEN),
    ("web", "user:7", Evidence.PROVEN),
    ("email", "alice@example.com", Evidence.PROVEN),
)


async def until(holds: Callable[[], object]) -> None:
    """Return once it holds. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.02)
