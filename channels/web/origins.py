"""Which sites may talk to this server from a browser, and the CORS headers that tell their browsers so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from channels.web.origin import ANY_ORIGIN, Origin, allowed_origin, parse_origin
from core.domain.errors import NotAllowed

RESPONSE_HEADERS = web.RequestKey("response_headers", dict[str, str])
"""Headers that every answer to this request carries, errors made elsewhere included."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Origins:
    """The allow list. No cookie is ever used, so no answer allows credentials, and ``*`` is a choice that can be made."""

    def __init__(self, allowed: Sequence[str], public_url: str | None) -> None:
        self._any = ANY_ORIGIN in allowed
        self._exact: set[Origin] = set()
        self._suffixes: list[Origin] = []
        named = [*allowed, *([public_url] if public_url else [])]
        for scheme, host, port in (allowed_origin(text) for text in named if text != ANY_ORIGIN):
            if host.startswith("*."):
                self._suffixes.append((scheme, host[1:], port))
            else:
                self._exact.add((scheme, host, port))

    def check(self, request: web.Request) -> str | None:
        """The request's origin, when a browser names one. Raises NotAllowed for a site that is not on the list."""
        origin = request.headers.get("Origin")
        if origin is None:
            return None
        if not self._allows(origin, request.host):
            raise NotAllowed("This site is not allowed to use the widget. Add its origin to WIDGET_ORIGINS.")
        return origin

    def _allows(self, origin: str, own_host: str) -> bool:
        if self._any:
            return True
        parsed = parse_origin(origin)
        if parsed is None:
            return False
        scheme, host, port = parsed
        # A proxy may have taken TLS off, so the scheme of our own pages is not known here: their host and port are.
        if parsed == parse_origin(f"{scheme}://{own_host}"):
            return True
        if parsed in self._exact:
            return True
        return any(scheme == s and host.endswith(suffix) and port == p for s, suffix, p in self._suffixes)

    def guard(self, handler: Handler) -> Handler:
        """Checks the origin first, and puts the CORS headers on whatever the handler answers or raises.

        A site that is not on the list may read its refusal, so that the widget can say what is wrong instead of "offline".
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            headers = _headers(request)
            request[RESPONSE_HEADERS] = headers
            self.check(request)
            response = await handler(request)
            if not response.prepared:
                response.headers.update(headers)
            return response

        return guarded

    def preflight(self, methods: str) -> Handler:
        """Answers ``OPTIONS``, to any site: the request itself is what is refused."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(
                status=204,
                headers={
                    **_headers(request),
                    "Access-Control-Allow-Methods": methods,
                    "Access-Control-Allow-Headers": "authorization, content-type",
                    "Access-Control-Max-Age": "7200",
                },
            )

        return answer


def _headers(request: web.Request) -> dict[str, str]:
    """For the origin that a browser names, if it is one."""
    headers = {"Vary": "Origin"}
    origin = request.headers.get("Origin")
    if origin is not None and parse_origin(origin) is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "retry-after"
    return headers
