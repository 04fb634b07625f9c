"""The log line of each HTTP request, and the id by which its other lines are found."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from core.domain.correlation import acceptable, correlated

HEADER = "X-Request-ID"
_REQUEST_ID = web.RequestKey("request_id", str)
_QUIET = ("/health", "/metrics")

_log = structlog.get_logger("http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def correlate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: gives the request its id (the caller's own when it is harmless) and writes the one line about it.

    Only the path is logged: queries hold signatures.
    """
    with correlated(acceptable(request.headers.get(HEADER))) as identifier:
        request[_REQUEST_ID] = identifier
        started = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            quiet = request.path.startswith(_QUIET) and status < web.HTTPInternalServerError.status_code
            _log.log(
                logging.DEBUG if quiet else logging.INFO,
                "request",
                method=request.method,
                path=request.path,
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        return response


async def answer_with_id(request: web.Request, response: web.StreamResponse) -> None:
    """For ``app.on_response_prepare``, so that streamed answers and sockets carry the id as well."""
    identifier = request.get(_REQUEST_ID)
    if identifier is not None:
        response.headers[HEADER] = identifier
