"""Headers of every answer: its request's id, and that it is data and not to be kept, unless its route says something else.

See ASVS 5.0, V3.4 and V13.4.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from aiohttp import web

SERVER: Final = "Switchboard"
"""Of every answer, instead of the versions that aiohttp names."""
HEADER: Final = "X-Request-ID"
REQUEST_ID: Final = web.RequestKey("request_id", str)
_DEFAULTS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For ``app.on_response_prepare``, so that streamed answers and sockets have them too.

    Pages, the widget and files set headers of their own, which stay.
    """
    response.headers["Server"] = SERVER
    if (identifier := request.get(REQUEST_ID)) is not None:
        response.headers[HEADER] = identifier
    if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return
    for name, value in _DEFAULTS.items():
        response.headers.setdefault(name, value)
