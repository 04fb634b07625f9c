"""A small raw server that speaks Chat Completions badly on purpose: what no well-behaved peer would do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from core.llm.settings import OpenAIChatSettings

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


def model_at(base_url: str, model: str = "m", **settings: Any) -> OpenAIChatSettings:
    """A model of a compatible server."""
    return OpenAIChatSettings(model, f"{base_url}/chat/completions", {"authorization": "Bearer k"}, **settings)


def chunk(content: str | None = None, *, finish: str | None = None, **delta: Any) -> str:
    """One server-sent event of a completion."""
    body = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}],
    }
    return f"data: {json.dumps(body)}\n\n"


DONE = "data: [DONE]\n\n"


def stream(*events: str, stall: asyncio.Event | None = None, abort: bool = False) -> Behaviour:
    """Send these events; then end, wait for ``stall``, or hang up in the middle of the body."""

    async def behave(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for event in events:
            await response.write(event.encode())
        if stall is not None:
            await stall.wait()
        if abort and request.transport is not None:
            request.transport.abort()
        return response

    return behave


def keep_alive(first: str, released: asyncio.Event) -> Behaviour:
    """A first event and then only comments, as proxies send them to keep a connection open."""

    async def behave(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(first.encode())
        while not released.is_set():
            try:
                await response.write(b": still here\n\n")
                await asyncio.wait_for(released.wait(), 0.02)
            except TimeoutError:
                continue
            except ConnectionResetError:
                break
        return response

    return behave


def refuse(status: int, *, code: str | None = None, message: str = "no", **headers: str) -> Behaviour:
    """An error answer in the protocol's shape."""

    async def behave(_: web.Request) -> web.StreamResponse:
        body = {"error": {"message": message, "type": "error", "code": code}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=named)

    return behave


def refuse_with(body: str) -> Behaviour:
    """A bad request, answered with this."""

    async def behave(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=400, content_type="application/json")

    return behave


@dataclass
class WireServer:
    """Answers request after request with the next behaviour; the last one stays."""

    behaviours: list[Behaviour]
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    """The clients' ports."""
    origin: str = ""

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(await request.json())
        self.paths.append(str(request.rel_url))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if request.transport is not None:
            self.connections.add(request.transport.get_extra_info("peername")[1])
        behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        return await behave(request)


@asynccontextmanager
async def serving(*behaviours: Behaviour) -> AsyncIterator[WireServer]:
    """The server on a free port of loopback."""
    server = WireServer(list(behaviours))
    app = web.Application()
    app.router.add_post("/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        server.origin = f"http://127.0.0.1:{port}"
        yield server
    finally:
        await runner.cleanup()
