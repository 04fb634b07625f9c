"""A WebSocket whose close code reaches a client that is still sending the frame that is refused."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

_UNREADABLE: Final = (WSCloseCode.MESSAGE_TOO_BIG, WSCloseCode.PROTOCOL_ERROR, WSCloseCode.INVALID_TEXT)
"""aiohttp closes with these codes when it cannot read a frame. It drops all later input."""
_SECONDS = 10.0
"""The same time that aiohttp gives the rest of a request's body."""
_STEP = 0.05


class LingeringSocket(web.WebSocketResponse[Any]):
    """After an unreadable frame it sends the close frame, then drops input until the client closes, for ten seconds at most.

    aiohttp would close the connection at once. The kernel answers the unread bytes of the frame by a reset, which can overtake
    the close frame (RFC 1122, section 4.2.2.13).
    """

    def __init__(self, request: web.Request, **options: Any) -> None:
        super().__init__(**options)
        self._request = request

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """See WebSocketResponse.close."""
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
            async with asyncio.timeout(_SECONDS):
                while self._request.transport is not None:  # noqa: ASYNC110 - aiohttp has no event for the end
                    await asyncio.sleep(_STEP)
