"""``GET /ws``: the connections that are open in this process."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from aiohttp import web

from channels.web.connection import TOO_MANY, Connection, SocketContext
from channels.web.lingering import LingeringSocket
from core.ports.metrics import Gauge, Metrics

GOING_AWAY: Final = 1001

_NEVER_DRAIN = 2**62
"""aiohttp would wait inside a send once so many bytes were written; the buffer is watched by the connection instead."""
_CLOSE_SECONDS = 2.0


class Sockets:
    """All open connections of this process."""

    def __init__(self, context: SocketContext, metrics: Metrics) -> None:
        self._context = context
        self._metrics = metrics
        self._open: set[Connection] = set()
        self._per_address: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The route's handler; it returns when the connection is over."""
        socket = LingeringSocket(
            request,
            timeout=_CLOSE_SECONDS,
            heartbeat=self._context.limits.heartbeat_seconds,
            autoping=False,  # a connection answers pings itself, so that they count as its other frames do
            compress=False,  # a deflate window costs more memory than the whole connection may have
            max_msg_size=self._context.limits.frame_bytes_hard,
            writer_limit=_NEVER_DRAIN,
            decode_text=False,
        )
        await socket.prepare(request)
        address = self._context.access.address(request)
        count = self._per_address.get(address, 0)
        if 0 < self._context.limits.sockets_per_address <= count:
            await socket.close(code=TOO_MANY, message=b"too many connections from this address")
            return socket
        self._per_address[address] = count + 1
        connection = Connection(self._context, socket, request)
        self._open.add(connection)
        self._report()
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            self._leave(address)
            self._report()
        return socket

    async def close(self) -> None:
        """Tell every client that this server goes away; they come back to another, or to its successor."""
        closing = [connection.close(GOING_AWAY, "the server restarts") for connection in tuple(self._open)]
        if closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS * 2):
                    await asyncio.gather(*closing, return_exceptions=True)

    def _leave(self, address: str) -> None:
        left = self._per_address[address] - 1
        if left:
            self._per_address[address] = left
        else:
            del self._per_address[address]

    def _report(self) -> None:
        self._metrics.gauge(Gauge.OPEN_SOCKETS, len(self._open))
