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
        if request.content.is_eof():  # all of it has arrived
            return await self._read(request)
        try:
            async with asyncio.timeout(request.config_dict.get(BODY_LIMITS, BodyLimits()).seconds):
                return await self._read(request)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None

    async def _read(self, request: web.Request) -> bytes:
        body, sender = bytearray(), None
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > self._most:
                    raise self._too_large(len(body))
                if len(body) > _SMALL and sender is None:
                    sender = self._enter(request)
            return bytes(body)
        finally:
            if sender is not None:
                self._large[sender] -= 1
                if not self._large[sender]:
                    del self._large[sender]

    def _enter(self, request: web.Request) -> str:
        """Count a large body for its sender. Raises Overloaded."""
        trusted = request.config_dict.get(BODY_LIMITS, BodyLimits()).trusted
        forwarded = request.headers.getall("X-Forwarded-For", [])
        sender = countable(client_of(request.remote or "", forwarded, trusted))
        is_crowded = is_public(sender) and self._large[sender] >= _LARGE_OF_ONE
        if is_crowded or self._large.total() >= _LARGE_AT_ONCE:
            raise Overloaded("Too many large requests at once.", retry_after=_RETRY_SECONDS)
        self._large[sender] += 1
        return sender

    def _too_large(self, size: int) -> web.HTTPRequestEntityTooLarge:
        return web.HTTPRequestEntityTooLarge(max_size=self._most, actual_size=size)
