"""Every error that leaves over HTTP is a problem document (RFC 9457), and none shows what happened inside."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from channels.web.origins import RESPONSE_HEADERS
from core.domain.correlation import correlation_id
from core.domain.errors import (
    BadSignature,
    HubError,
    InvalidInput,
    NoRoom,
    NotAllowed,
    NotFound,
    Overloaded,
    RateLimited,
    SessionEnded,
    StoreUnavailable,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unreachable,
    Unsupported,
)

BROKEN_BODY: Final = (web.RequestPayloadError, HttpProcessingError)
"""What aiohttp raises where a body's chunks are nonsense."""
CLIENT_GONE: Final = 499
"""The status counted when a caller hangs up before the answer, as nginx counts it."""
_RETRY_AFTER = 2.0
_NO_ROOM_RETRY_AFTER = 300.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document. ``code`` is for programs, ``detail`` for people; ``retry_after`` in seconds."""

    status: int
    code: str
    detail: str
    retry_after: float | None = None

    def response(self, headers: Mapping[str, str] | None = None) -> web.Response:
        """The document as an answer."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        answer = web.Response(
            status=self.status,
            body=json.dumps(body, ensure_ascii=False).encode(),
            content_type="application/problem+json",
            headers=headers,
        )
        answer.headers["Cache-Control"] = "no-store"
        if self.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, ceil(self.retry_after)))
        if self.status == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (TooLarge, 413),
    (InvalidInput, 400),
    (Unauthenticated, 401),
    (BadSignature, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (SessionEnded, 410),
    (Unsupported, 415),
)


def problem_of(error: HubError) -> Problem:
    """What a caller may know of an error of ours. The details of our own failures stay in the log."""
    match error:
        case TooManyRequests():
            return Problem(429, "rate_limited", error.detail, error.retry_after)
        case Overloaded():
            return Problem(503, "unavailable", error.detail, error.retry_after)
        case StoreUnavailable():
            return Problem(503, "unavailable", "Nothing was stored. Please send it again.", _RETRY_AFTER)
        case NoRoom():
            return Problem(503, "unavailable", error.detail, _NO_ROOM_RETRY_AFTER)
        case Unreachable():
            return Problem(503, "unavailable", "A service that is needed does not answer. Try again.", _RETRY_AFTER)
        case RateLimited():
            return Problem(503, "unavailable", "A service that is needed asks for a pause.", error.retry_after)
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return Problem(status, error.code, error.detail)
    return Problem(500, "internal_error", "Something went wrong on our side.")


def problem_of_http(error: web.HTTPException) -> Problem:
    """An error that aiohttp itself raised: no such route, wrong method, body too large."""
    try:
        phrase = HTTPStatus(error.status)
    except ValueError:
        return Problem(500, "internal_error", "Something went wrong on our side.")
    detail = error.text or phrase.description or phrase.phrase
    if detail == f"{error.status}: {error.reason}":
        detail = phrase.description or phrase.phrase
    return Problem(error.status, phrase.name.lower(), detail)


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turns what a handler raises into a problem document; redirects and other successes pass."""
    try:
        _check_not_packed(request)
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
        return _answer(request, problem_of_http(error), error, kept)
    except HubError as error:
        return _answer(request, problem_of(error), error, {})
    except BROKEN_BODY as error:
        return _answer(request, Problem(400, "bad_request", "The body is not whole."), error, {})
    except Exception as error:
        if isinstance(error, ConnectionError) and _has_gone(request):
            return web.Response(status=CLIENT_GONE)  # for the count and the log: nobody reads it
        problem = Problem(500, "internal_error", "Something went wrong on our side.")
        return _answer(request, problem, error, {})


def _check_not_packed(request: web.Request) -> None:
    """Refuse compressed bodies: no client of a hub needs them, and a small one may unpack to any size."""
    packed = request.headers.get("Content-Encoding", "").strip().lower()
    if packed not in ("", "identity") and request.can_read_body:
        raise web.HTTPUnsupportedMediaType(text="Bodies are taken as they are, without a Content-Encoding.")


def _has_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _answer(request: web.Request, problem: Problem, error: Exception, headers: dict[str, str]) -> web.Response:
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        expected = isinstance(error, (StoreUnavailable, Overloaded, Unreachable))
        _log.error(
            "request.failed",
            method=request.method,
            path=request.path,
            status=problem.status,
            correlation_id=correlation_id(),
            error=str(error) or type(error).__name__,
            exc_info=None if expected else error,
        )
    return problem.response({**headers, **request.get(RESPONSE_HEADERS, {})})
