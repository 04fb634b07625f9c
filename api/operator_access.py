"""Who may use operator routes until operator accounts exist: somebody on this machine, and nobody a proxy speaks for."""

from __future__ import annotations

import functools
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from core.domain.errors import NotAllowed

_FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Via",
    "CF-Connecting-IP",
    "True-Client-IP",
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class OperatorAccess:
    """``token``: where a proxy may stand in front of the hub, being local is not enough.

    A proxy on this machine that adds no header of its own, as nginx does by default, looks like a person at the machine.
    """

    token: str | None = field(default=None, repr=False)

    def allows(self, request: web.Request) -> bool:
        """For routes that customers use too: whoever brings another token is nobody but whom that token names."""
        if not is_local(request):
            return False
        return "Authorization" not in request.headers if self.token is None else _bears(request, self.token)

    def guard(self, handler: Handler) -> Handler:
        """Guard a handler. Raises NotAllowed before the body is read."""

        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not is_local(request):
                raise NotAllowed("This route is for operators and answers only on the machine that the hub runs on.")
            if self.token is not None and not _bears(request, self.token):
                raise NotAllowed(
                    "This route is for operators. Behind a proxy they send Authorization: Bearer with the token in "
                    "DATA_DIR/operator_token."
                )
            return await handler(request)

        return guarded


LOCAL = OperatorAccess()
"""No proxy anywhere: being on the machine is enough."""


def _bears(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), token.encode())


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
