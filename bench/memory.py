"""Memory of an idle server, and of each open WebSocket after one exchange with a client that offers compression."""

from __future__ import annotations

import asyncio

import aiohttp
import psutil

from bench.load import customers
from bench.report import Figure, Report
from bench.servers import process


def _resident(pid: int) -> int:
    """Bytes that this process alone holds."""
    return int(psutil.Process(pid).memory_full_info().uss)


async def _open_sockets(session: aiohttp.ClientSession, port: int, count: int) -> list[aiohttp.ClientWebSocketResponse]:
    sockets = []
    for person in customers(count):
        socket = await session.ws_connect(f"ws://127.0.0.1:{port}/ws", compress=15, max_msg_size=0)
        await socket.send_json({"type": "auth", "token": person.token})
        await socket.send_json({"type": "message", "content": "Hello", "client_id": "one"})
        while (await socket.receive_json(timeout=30))["type"] != "complete":
            pass
        sockets.append(socket)
    return sockets


async def _measure(port: int, pid: int, count: int) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        warm = await _open_sockets(session, port, 100)
        await asyncio.sleep(2)
        before = _resident(pid)
        opened = await _open_sockets(session, port, count)
        await asyncio.sleep(2)
        after = _resident(pid)
        for socket in warm + opened:
            await socket.close()
    return (after - before) / count / 1000


def run(report: Report, *, count: int = 1_000) -> None:
    """One process on SQLite, no knowledge loaded."""
    with process("bench.subject") as (port, pid):
        report.add(Figure("idle server, without knowledge", _resident(pid) / 1e6, "MB"))
        each = asyncio.run(_measure(port, pid, count))
        report.add(Figure("per open WebSocket after one exchange", each, "kB", aim="30 kB"))
    with process("config.cli", "serve", environment={"KNOWLEDGE_SOURCES": "sample"}) as (port, pid):
        asyncio.run(asyncio.sleep(45))
        whole = sum(_resident(one.pid) for one in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)))
        report.add(Figure("idle server with knowledge, all processes, just after indexing", whole / 1e6, "MB"))
