"""Tells browsers that an answer is data and not to be kept, unless its route says something else (ASVS 5.0, V3.4, V13.4)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from aiohttp import web

SERVER: Final = "Switchboard"
"""Of every answer, instead of the versions that aiohttp names."""
_DEFAULTS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


async def add_browser_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """For ``app.on_response_prepare``. Pages, the widget and files set their own headers, which stay."""
    response.headers["Server"] = SERVER
    if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return
    for name, value in _DEFAULTS.items():
        response.headers.setdefault(name, value)
