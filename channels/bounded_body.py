"""Reads bodies of requests that have proved nothing yet, in bounded memory whoever sends them and however many."""

from __future__ import annotations

from aiohttp import web

from core.domain.errors import Overloaded

_SMALL = 64 * 1024
"""Nearly every event of a provider is smaller; those are always read."""
_LARGE_AT_ONCE = 16
_RETRY_SECONDS = 2.0


class BoundedBody:
    """``most`` in bytes. Of bodies larger than 64 kB only 16 are in memory at once; the others are asked to come again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._large = 0

    def check_length(self, request: web.Request) -> None:
        """By what the request says of itself. Raises HTTPRequestEntityTooLarge."""
        if (request.content_length or 0) > self._most:
            raise self._too_large(request.content_length or 0)

    async def read(self, request: web.Request) -> bytes:
        """Raises HTTPRequestEntityTooLarge, Overloaded."""
        body, is_large = bytearray(), False
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > self._most:
                    raise self._too_large(len(body))
                if len(body) > _SMALL and not is_large:
                    is_large = self._enter()
            return bytes(body)
        finally:
            self._large -= is_large

    def _enter(self) -> bool:
        if self._large >= _LARGE_AT_ONCE:
            raise Overloaded("Too many large requests at once.", retry_after=_RETRY_SECONDS)
        self._large += 1
        return True

    def _too_large(self, size: int) -> web.HTTPRequestEntityTooLarge:
        return web.HTTPRequestEntityTooLarge(max_size=self._most, actual_size=size)
