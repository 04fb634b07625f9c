"""``GET /ws``: the connections that are open in this process."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from channels.web.connection import TOO_MANY, Connection
from channels.web.context import WebContext
from core.ports.metrics import Gauge

GOING_AWAY: Final = 1001

_NEVER_DRAIN = 2**62
"""aiohttp would wait inside a send once so many bytes were written; the buffer is watched by the connection instead."""
_CLOSE_SECONDS = 2.0
_UNREADABLE: Final = (WSCloseCode.MESSAGE_TOO_BIG, WSCloseCode.PROTOCOL_ERROR, WSCloseCode.INVALID_TEXT)
"""aiohttp closes with these codes when it cannot read a frame. It drops all later input."""
_LINGER_SECONDS = 10.0
"""The same time that aiohttp gives the rest of a request's body."""
_LINGER_STEP = 0.05


class Sockets:
    """All open connections of this process."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._open: set[Connection] = set()
        self._per_address: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The route's handler; it returns when the connection is over."""
        socket = LingeringSocket(
            request,
            timeout=_CLOSE_SECONDS,
            heartbeat=self._context.access.limits.heartbeat_seconds,
            autoping=False,  # a connection answers pings itself, so that they count as its other frames do
            compress=False,  # a deflate window costs more memory than the whole connection may have
            max_msg_size=self._context.access.limits.frame_bytes_hard,
            writer_limit=_NEVER_DRAIN,
            decode_text=False,
        )
        await socket.prepare(request)
        address = self._context.access.address(request)
        if 0 < self._context.access.limits.sockets_per_address <= self._per_address[address]:
            await socket.close(code=TOO_MANY, message=b"too many connections from this address")
            return socket
        self._per_address[address] += 1
        connection = Connection(self._context, socket, request)
        self._open.add(connection)
        self._report()
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]
            self._report()
        return socket

    async def close(self) -> None:
        """Tell every client that this server goes away; they come back to another, or to its successor."""
        closing = [connection.close(GOING_AWAY, "the server restarts") for connection in tuple(self._open)]
        if closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS * 2):
                    await asyncio.gather(*closing, return_exceptions=True)

    def _report(self) -> None:
        self._context.metrics.gauge(Gauge.OPEN_SOCKETS, len(self._open))


class LingeringSocket(web.WebSocketResponse[Any]):
    """After an unreadable frame it sends the close frame, then drops input until the client closes, for ten seconds at most.

    aiohttp would close the connection at once. The kernel answers the unread bytes of the frame by a reset, which can overtake
    the close frame (RFC 1122, section 4.2.2.13).
    """

    def __init__(self, request: web.Request, **options: Any) -> None:
        super().__init__(**options)
        self._request = request

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        if code in _UNREADABLE and not self.closed:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._linger(code)
        return await super().close(code=code, message=message, drain=drain)

    async def _linger(self, code: int) -> None:
        """Send the close frame, end the hub's direction, and wait for the end of the client's."""
        await self.send_frame(struct.pack("!H", code), WSMsgType.CLOSE)
        if self._request.transport is not None:
            self._request.transport.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while self._request.transport is not None:  # noqa: ASYNC110 - aiohttp has no event for the end
                    await asyncio.sleep(_LINGER_STEP)
