"""However many strangers send however much, only so much of it is held."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.addresses import parse_networks
from channels.bounded_body import BODY_LIMITS, BodyLimits, BoundedBody
from tests.unit.core.eventually import eventually

_LARGE = b"x" * 80_000


def _head(client: str) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nContent-Length: 90000\r\n\r\n".encode()


def _app(body: BoundedBody, limits: BodyLimits) -> web.Application:
    async def take(request: web.Request) -> web.Response:
        return web.json_response(len(await body.read(request)))

    app = web.Application(middlewares=[problems])
    app[BODY_LIMITS] = limits
    app.add_routes([web.post("/", take)])
    return app


async def _answers(
    http: aiohttp.ClientSession, server: TestServer, status: int, headers: dict[str, str] | None = None
) -> bool:
    """Whether a large body gets this status now."""
    async with http.post(server.make_url("/"), data=_LARGE, headers=headers) as response:
        return response.status == status


async def test_one_address_holds_two_large_bodies_at_once() -> None:
    body = BoundedBody(100_000)
    app = _app(body, BodyLimits(600.0, parse_networks(["127.0.0.0/8"])))
    async with TestServer(app) as server, aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        for _ in range(2):
            _, writer = await asyncio.open_connection(server.host, server.port)
            stack.callback(writer.close)
            writer.write(_head("2001:4860::1") + _LARGE)
        same, other = ({"X-Forwarded-For": client} for client in ("8.8.8.8, 2001:4860::2", "2001:4860:0:1::1"))
        await eventually(lambda: _answers(http, server, 503, same))
        async with http.post(server.make_url("/"), data=_LARGE, headers=other) as taken:
            assert await taken.json() == 80_000


async def test_bodies_that_do_not_end_give_their_places_back() -> None:
    app = _app(BoundedBody(100_000), BodyLimits(0.05))
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        for _ in range(16):
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(_head("x") + _LARGE)
            assert b" 408 " in await reader.readline()
            writer.close()
        assert await _answers(http, server, 200)


async def test_small_bodies_are_read_beside_sixteen_large_ones() -> None:
    body = BoundedBody(100_000)

    async def take(request: web.Request) -> web.Response:
        return web.json_response(len(await body.read(request)))

    app = web.Application(middlewares=[problems])
    app.add_routes([web.post("/", take)])
    async with TestServer(app) as server, aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        writers = []
        for _ in range(16):
            _, writer = await asyncio.open_connection(server.host, server.port)
            stack.callback(writer.close)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + _LARGE)
            writers.append(writer)
        await eventually(lambda: _answers(http, server, 503))
        async with http.post(server.make_url("/"), data=_LARGE) as refused:
            assert refused.headers["Retry-After"] == "2"
        async with http.post(server.make_url("/"), data=b"x" * 60_000) as taken:
            assert await taken.json() == 60_000
        for writer in writers:
            writer.close()
        await eventually(lambda: _answers(http, server, 200))
        async with http.post(server.make_url("/"), data=b"x" * 100_001) as refused:
            assert refused.status == 413
