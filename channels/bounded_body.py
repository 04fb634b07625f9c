"""Reads the bodies of unauthenticated requests in bounded memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from channels.addresses import Network, client_of, countable, is_public
from core.domain.errors import Overloaded

_SMALL = 64 * 1024
"""Bytes. Nearly every provider's event is smaller; smaller bodies are always read."""
_LARGE_AT_ONCE = 16
_LARGE_OF_ONE = 2
_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """``seconds`` for a whole body. ``trusted``: the proxies whose X-Forwarded-For is believed."""

    seconds: float = 30.0
    trusted: Sequence[Network] = ()


BODY_LIMITS: Final = web.AppKey("body_limits", BodyLimits)
"""Set by the composition root, which knows the settings."""


class BoundedBody:
    """``most`` in bytes. Of bodies larger than 64 kB only 16 are in memory at once, of one address 2.

    Further ones are refused with Retry-After. A body that takes longer than ``BodyLimits`` allows is refused too: a slow sender
    would hold a place that a provider's event needs.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._large: Counter[str] = Counter()

    def check_length(self, request: web.Request) -> None:
        """Check the declared length. Raises HTTPRequestEntityTooLarge."""
        if (request.content_length or 0) > self._most:
            raise self._too_large(request.content_length or 0)

    async def read(self, request: web.Request) -> bytes:
        """Raises HTTPRequestEntityTooLarge, Overloaded, HTTPRequestTimeout."""
        limits = request.config_dict.get(BODY_LIMITS, BodyLimits())
        forwarded = request.headers.getall("X-Forwarded-For", [])
        client = countable(client_of(request.remote or "", forwarded, limits.trusted))
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._read(request, client)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None

    async def _read(self, request: web.Request, client: str) -> bytes:
        body, is_large = bytearray(), False
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > self._most:
                    raise self._too_large(len(body))
                if len(body) > _SMALL and not is_large:
                    is_large = self._enter(client)
            return bytes(body)
        finally:
            self._leave(client, is_large)

    def _enter(self, client: str) -> bool:
        is_crowded = is_public(client) and self._large[client] >= _LARGE_OF_ONE
        if is_crowded or self._large.total() >= _LARGE_AT_ONCE:
            raise Overloaded("Too many large requests at once.", retry_after=_RETRY_SECONDS)
        self._large[client] += 1
        return True

    def _leave(self, client: str, is_large: bool) -> None:
        if is_large:
            self._large[client] -= 1
        if not self._large[client]:
            del self._large[client]

    def _too_large(self, size: int) -> web.HTTPRequestEntityTooLarge:
        return web.HTTPRequestEntityTooLarge(max_size=self._most, actual_size=size)
