"""Memory of an idle server, and of each open WebSocket after one exchange with a client that offers compression."""

from __future__ import annotations

import asyncio
import tempfile

import aiohttp
import psutil

from bench.load import customers
from bench.report import Figure, Report
from bench.servers import process


def _resident(pid: int) -> int:
    """Bytes that this process alone holds."""
    return int(psutil.Process(pid).memory_full_info().uss)


async def _open_sockets(
    session: aiohttp.ClientSession, port: int, count: int, last: str
) -> list[aiohttp.ClientWebSocketResponse]:
    sockets = []
    for person in customers(count):
        socket = await session.ws_connect(f"ws://127.0.0.1:{port}/ws", compress=15, max_msg_size=0)
        await socket.send_json({"type": "auth", "token": person.token})
        await socket.send_json({"type": "message", "content": "Hello", "client_id": "one"})
        while (await socket.receive_json(timeout=30))["type"] != last:
            pass
        sockets.append(socket)
    return sockets


async def _measure(port: int, pid: int, count: int, last: str) -> float:
    """``last``: the frame that ends an exchange. The bare server says the customer's own words back."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        warm = await _open_sockets(session, port, 100, last)
        await asyncio.sleep(2)
        before = _resident(pid)
        opened = await _open_sockets(session, port, count, last)
        await asyncio.sleep(2)
        after = _resident(pid)
        for socket in warm + opened:
            await socket.close()
    return (after - before) / count / 1000


def _whole(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(_resident(one.pid) for one in (process, *process.children(recursive=True))) / 1e6


def run(report: Report, *, count: int = 1_000) -> None:
    """One process on SQLite without knowledge, then with it: just after it has indexed, and started again."""
    with process("bench.bare", "{port}") as (port, pid):
        bare = _resident(pid) / 1e6
        floor = asyncio.run(_measure(port, pid, count, "message"))
    with process("bench.subject") as (port, pid):
        report.add(Figure("idle server, without knowledge", _resident(pid) / 1e6, "MB", bare, "bare server"))
        each = asyncio.run(_measure(port, pid, count, "complete"))
        report.add(Figure("per open WebSocket after one exchange", each, "kB", floor, "bare echo", "30 kB"))
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        environment = {"KNOWLEDGE_SOURCES": "sample", "DATA_DIR": folder}
        for name in ("just after indexing", "started again"):
            with process("config.cli", "serve", environment=environment) as (port, pid):
                asyncio.run(asyncio.sleep(45))
                figure = Figure(
                    f"idle server with knowledge, all processes, {name}", _whole(pid), "MB", bare, "bare server"
                )
                report.add(figure)
