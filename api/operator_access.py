"""Guards operator routes: the operator token is required, on this machine too."""

from __future__ import annotations

import functools
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from channels.web.rates import MemoryRates
from channels.web.settings import Rate
from core.domain.errors import NotAllowed, Unauthenticated
from core.ports.metrics import Counter, Metrics, NoMetrics

_FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Via",
    "CF-Connecting-IP",
    "True-Client-IP",
)
_FAILURES = Rate(10, 60)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OperatorAccess:
    """Checks the operator token.

    Being on the machine proves nothing: a proxy or relay on this machine also connects from loopback, and need not say
    that it speaks for somebody else.
    """

    def __init__(
        self, token: str, *, metrics: Metrics | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if not token:
            raise ValueError("the operator token is empty")
        self._token = token.encode()
        self._metrics = metrics or NoMetrics()
        self._failures = MemoryRates(monotonic)

    def allows(self, request: web.Request) -> bool:
        """For routes that others use too. A wrong token is no failure here: it may be a customer's."""
        return is_local(request) and self._is_proven(request)

    def guard(self, handler: Handler) -> Handler:
        """Guard a handler. Before the body is read, raises NotAllowed, Unauthenticated, or TooManyRequests.

        The limit slows down guessing. It never refuses the right token, so operators cannot be locked out.
        """

        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not is_local(request):
                raise NotAllowed("This route is for operators and answers only on the machine that the hub runs on.")
            if not self._is_proven(request):
                self._metrics.count(Counter.BAD_SIGNATURES, channel="operator")
                await self._failures.hit("operator", request.remote or "local", _FAILURES)
                raise Unauthenticated(
                    "This route is for operators: send Authorization: Bearer with the token in DATA_DIR/operator_token."
                )
            return await handler(request)

        return guarded

    def _is_proven(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(
            given.strip().encode("utf-8", "surrogateescape"), self._token
        )


def is_local(request: web.Request) -> bool:
    """Straight from loopback or a local socket, addressed as such, and not sent by a page of another site.

    A proxy on this machine also connects from loopback, so its headers or HTTP/1.0 give it away. The ``Host`` and ``Origin``
    rules stop a page in an operator's own browser (DNS rebinding, cross-site requests).
    """
    if request.transport is None or request.version < HttpVersion11:
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    connection = request.transport.get_extra_info("socket")
    if connection is not None and connection.family == getattr(socket, "AF_UNIX", None):
        return True
    peer = request.transport.get_extra_info("peername")
    if not peer or not _is_loopback(str(peer[0])):
        return False
    origin = request.headers.get("Origin")
    return _is_loopback(_host(f"//{request.host}")) and (origin is None or _is_loopback(_host(origin)))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
