"""A proxy on loopback that lets a server seem slow, broken or gone, request by request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import TracebackType

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

_OF_ONE_CONNECTION = ("Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date", "Server")


class Trouble(StrEnum):
    """What becomes of a request. ``BEFORE``: the server never sees it; ``AFTER``: the server has done what it asks for."""

    NONE = "none"
    FAILS_BEFORE = "fails before"
    FAILS_AFTER = "fails after"
    BREAKS_BEFORE = "breaks off before"
    BREAKS_AFTER = "breaks off after"
    GARBLED_AFTER = "answers nonsense after"
    LATE_ANSWER = "is done, and never answered"
    LATE_REQUEST = "is done once nobody waits for it"
    CALLS_BEFORE = "calls back before"
    CALLS_AFTER = "calls back after"


class UnreliableProxy:
    """``trouble``: says what becomes of a request with this body. ``call_back``: called by CALLS_BEFORE and CALLS_AFTER, which
    break off then.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.trouble: Callable[[web.Request, bytes], Trouble] = lambda _request, _body: Trouble.NONE
        self.call_back: Callable[[], None] = lambda: None
        self.requests: list[tuple[str, str, Trouble]] = []
        self._late: set[asyncio.Task[web.StreamResponse]] = set()
        self._port = 0

    async def __aenter__(self) -> UnreliableProxy:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False)
        await self.listen()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.refuse()
        await self.settled()
        await self._http.close()

    async def listen(self) -> None:
        """Take connections, each time at the same port."""
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def refuse(self) -> None:
        """End all connections, and take none."""
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    async def settled(self) -> None:
        """Until the late requests are done."""
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        trouble = self.trouble(request, body)
        self.requests.append((request.method, request.path_qs, trouble))
        match trouble:
            case Trouble.NONE:
                return await self._forwarded(request, body, streams=True)
            case Trouble.FAILS_BEFORE:
                return web.Response(status=503)
            case Trouble.BREAKS_BEFORE:
                return self._broken_off(request)
            case Trouble.CALLS_BEFORE:
                self.call_back()
                return self._broken_off(request)
            case Trouble.LATE_REQUEST:
                try:
                    await asyncio.Event().wait()  # cancelled when nobody waits for it
                finally:
                    self._late.add(asyncio.create_task(self._forwarded(request, body)))
        await self._forwarded(request, body)
        match trouble:
            case Trouble.FAILS_AFTER:
                return web.Response(status=500)
            case Trouble.GARBLED_AFTER:
                return web.Response(body=b"\xff{", headers={"Content-Encoding": "gzip"})
            case Trouble.LATE_ANSWER:
                await asyncio.Event().wait()
            case Trouble.CALLS_AFTER:
                self.call_back()
        return self._broken_off(request)

    def _broken_off(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _forwarded(self, request: web.Request, body: bytes, *, streams: bool = False) -> web.StreamResponse:
        sent = _passed_on(request.headers)
        async with self._http.request(request.method, self.target + request.path_qs, data=body, headers=sent) as found:
            if not streams:
                return web.Response(body=await found.read(), status=found.status)
            response = web.StreamResponse(status=found.status, headers=_passed_on(found.headers))
            with contextlib.suppress(ConnectionError):  # nobody waits for it any more
                await response.prepare(request)
                async for block in found.content.iter_any():
                    await response.write(block)
                await response.write_eof()
            return response


def _passed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    found = CIMultiDict(headers)
    for name in _OF_ONE_CONNECTION:
        found.popall(name, None)
    return found
