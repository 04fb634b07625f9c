"""Connections are cut off without a traceback on asyncio's own loop and on uvloop, whose transports share no class with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import pytest
import uvloop
from aiohttp import web

from api.connections import ConnectionGate, ConnectionLimits, LimitedConnection
from core.ports.metrics import NoMetrics

_LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
_PATIENCE = 60.0
_MUCH = bytes(32 * 1024 * 1024)

Work = Callable[[int], Coroutine[Any, Any, None]]


def _failures(loop_factory: Callable[[], asyncio.AbstractEventLoop], limits: ConnectionLimits, work: Work) -> list[Any]:
    """What the loop reports while ``work`` uses the server at a port."""
    failures: list[Any] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context))
        gate = ConnectionGate(limits, (), NoMetrics(), monotonic)
        server = web.Server(_answer_much)
        listening = await loop.create_server(lambda: LimitedConnection(server, gate), "127.0.0.1", 0)
        try:
            async with asyncio.timeout(_PATIENCE):
                await work(listening.sockets[0].getsockname()[1])
        finally:
            listening.close()
            await server.shutdown()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run())
    return failures


async def _answer_much(_request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=_MUCH)


async def _read_all(reader: asyncio.StreamReader) -> int:
    count = 0
    try:
        while piece := await reader.read(1 << 20):
            count += len(piece)
    except ConnectionError:
        pass
    return count


@pytest.mark.parametrize("loop_factory", _LOOPS)
def test_one_connection_too_many_is_ended_at_once(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def work(port: int) -> None:
        _, first = await asyncio.open_connection("127.0.0.1", port)
        reader, second = await asyncio.open_connection("127.0.0.1", port)
        assert await _read_all(reader) == 0
        first.close()
        second.close()

    assert _failures(loop_factory, ConnectionLimits(per_address=1), work) == []


@pytest.mark.parametrize("loop_factory", _LOOPS)
def test_who_does_not_read_the_answer_is_cut_off(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(port: int) -> None:
        cut_off = asyncio.Event()
        monkeypatch.setattr(
            ConnectionGate, "leave", lambda *_: cut_off.set()
        )  # ended by the hub, or by the kernel before
        monkeypatch.setattr("api.connections._SLOWEST", 1e9)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await cut_off.wait()
        assert await _read_all(reader) < len(_MUCH)
        writer.close()

    assert _failures(loop_factory, ConnectionLimits(body=0.2), work) == []
