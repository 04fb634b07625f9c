"""Errors leave as problem documents, and our own failures keep their details to themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.problems import problem_of, problems
from core.domain import errors
from core.domain.errors import Unreachable

Raise = Callable[[Exception], Awaitable[tuple[int, dict[str, object], dict[str, str]]]]


@pytest.fixture
async def raised() -> AsyncIterator[Raise]:
    """What a client gets when a handler raises an error."""
    pending: list[Exception] = []

    async def handler(_request: web.Request) -> web.StreamResponse:
        raise pending.pop()

    app = web.Application(middlewares=[problems])
    app.router.add_get("/", handler)
    async with TestClient(TestServer(app)) as client:

        async def get(error: Exception) -> tuple[int, dict[str, object], dict[str, str]]:
            pending.append(error)
            async with client.get("/", allow_redirects=False) as response:
                if response.content_type != "application/problem+json":
                    return response.status, {}, dict(response.headers)
                return response.status, await response.json(content_type=None), dict(response.headers)

        yield get


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidInput("x"), 400, "invalid_input"),
        (errors.TooLarge("x"), 413, "too_large"),
        (errors.Unauthenticated("x"), 401, "unauthenticated"),
        (errors.BadSignature("x"), 401, "bad_signature"),
        (errors.NotAllowed("x"), 403, "not_allowed"),
        (errors.NotFound("x"), 404, "not_found"),
        (errors.SessionEnded("x"), 410, "session_ended"),
        (errors.TooManyRequests("x", retry_after=0.2), 429, "rate_limited"),
        (errors.Overloaded("x", retry_after=3.1), 503, "unavailable"),
        (errors.StoreUnavailable("x"), 503, "unavailable"),
        (errors.RateLimited("x", retry_after=9), 503, "unavailable"),
        (web.HTTPNotFound(), 404, "not_found"),
        (web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), 413, "request_entity_too_large"),
    ],
)
async def test_each_error_has_its_status_and_code(raised: Raise, error: Exception, status: int, code: str) -> None:
    got, document, headers = await raised(error)
    assert (got, document["status"], document["code"]) == (status, status, code)
    assert {"type", "title", "detail"} <= document.keys()
    if status in (429, 503):
        assert int(headers["Retry-After"]) >= 1
    if status == 401:
        assert headers["WWW-Authenticate"] == "Bearer"


async def test_a_wrong_method_names_the_right_ones(raised: Raise) -> None:
    status, _, headers = await raised(web.HTTPMethodNotAllowed("POST", ["GET"]))
    assert (status, headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("secret stuff"),
        errors.ModelError("secret stuff"),
        errors.StoreUnavailable("secret stuff"),
    ],
)
async def test_our_own_failures_say_nothing_of_the_inside(raised: Raise, error: Exception) -> None:
    status, document, _ = await raised(error)
    assert status >= 500
    assert "secret" not in str(document)


async def test_redirects_pass(raised: Raise) -> None:
    status, document, headers = await raised(web.HTTPFound("/there"))
    assert (status, document, headers["Location"]) == (302, {}, "/there")


def test_storage_that_does_not_answer_is_worth_another_try() -> None:
    problem = problem_of(Unreachable("[Errno 28] No space left on device"))
    assert problem.status == 503
    assert "Errno" not in problem.detail
