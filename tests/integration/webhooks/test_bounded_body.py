"""However many strangers send however much, only so much of it is held."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.bounded_body import BoundedBody
from tests.unit.core.eventually import eventually

_LARGE = b"x" * 80_000


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
        await eventually(lambda: body._large == 16)
        async with http.post(server.make_url("/"), data=_LARGE) as refused:
            assert refused.status == 503
            assert refused.headers["Retry-After"] == "2"
        async with http.post(server.make_url("/"), data=b"x" * 60_000) as taken:
            assert await taken.json() == 60_000
        for writer in writers:
            writer.close()
        await eventually(lambda: body._large == 0)
        async with http.post(server.make_url("/"), data=_LARGE) as taken:
            assert await taken.json() == 80_000
        async with http.post(server.make_url("/"), data=b"x" * 100_001) as refused:
            assert refused.status == 413
