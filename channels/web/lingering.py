"""A WebSocket that can tell a client why its frame is not taken, also one that is still sending it."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Any, Final, cast

from aiohttp import WSCloseCode, WSMsgType, web

_UNREADABLE: Final = (WSCloseCode.MESSAGE_TOO_BIG, WSCloseCode.PROTOCOL_ERROR, WSCloseCode.INVALID_TEXT)
"""aiohttp closes with these itself, and reads no frame after it."""
_SECONDS = 10.0
"""As long as aiohttp takes what is left of a request's body."""
_STEP = 0.05


class LingeringSocket(web.WebSocketResponse[Any]):
    """Closes its own direction first, and takes what still comes until the client has closed, or for ten seconds.

    aiohttp would close the connection while bytes of the frame are unread. The kernel answers those by a reset, which can
    overtake the close frame (RFC 1122, section 4.2.2.13).
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
        """What comes is read and thrown away by aiohttp."""
        await self.send_frame(struct.pack("!H", code), WSMsgType.CLOSE)
        cast("asyncio.Transport", self._request.transport).write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                while self._request.transport is not None:  # noqa: ASYNC110 - aiohttp tells nobody of the end
                    await asyncio.sleep(_STEP)
