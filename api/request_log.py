"""The log line and the numbers of each HTTP request, and the id by which its other lines are found."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from api.response_headers import HEADER, REQUEST_ID
from core.domain.correlation import acceptable, correlated
from core.ports.metrics import Counter, Metrics, Timing

_QUIET = ("/health", "/metrics")

_log = structlog.get_logger("http")


def observe_requests(metrics: Metrics) -> Middleware:
    """Outermost: give each request its id (the caller's own when it is harmless), write its log line, count and time it.

    Only the path is logged: queries hold signatures. Numbers go by route template, so that ids never become labels.
    """

    @web.middleware
    async def observed(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        with correlated(acceptable(request.headers.get(HEADER))) as identifier:
            request[REQUEST_ID] = identifier
            started, status = time.perf_counter(), 500
            try:
                response = await handler(request)
                status = response.status
            except web.HTTPException as error:
                status = error.status
                raise
            finally:
                _note(request, status, time.perf_counter() - started, metrics)
            return response

    return observed


def _note(request: web.Request, status: int, seconds: float, metrics: Metrics) -> None:
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unmatched"
    metrics.count(Counter.HTTP_REQUESTS, method=request.method, route=route, status=str(status))
    if status != HTTPStatus.SWITCHING_PROTOCOLS:
        metrics.observe(Timing.HTTP_REQUEST, seconds, method=request.method, route=route)
    quiet = request.path.startswith(_QUIET) and status < HTTPStatus.INTERNAL_SERVER_ERROR
    level = logging.DEBUG if quiet else logging.INFO
    ms = round(seconds * 1000, 1)
    _log.log(level, "request", method=request.method, path=request.path, status=status, ms=ms)
