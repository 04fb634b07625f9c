"""Operators prove themselves on the machine itself; everybody else is told so and learns nothing."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from api.operations import OPERATIONS, Operation
from config.operators import operator_access
from config.settings import read_settings
from core.domain.errors import KnowledgeUnavailable
from core.ports.gaps import GapBook
from core.ports.jobs import Freshness
from core.ports.metrics import NoMetrics
from tests.integration.api.rig import AS_OPERATOR, TOKEN, Rig, serve
from tests.patience import PATIENCE

_JSON = {"Content-Type": "application/json"}
_QUERY = {"query": "How do I reset my password?", "limit": 3, "filters": {"category": "Account", "language": "en"}}

_OPERATOR_ROUTES = [one for one in OPERATIONS if one.access == "operator"]


async def _problem(response: aiohttp.ClientResponse, status: int) -> dict[str, Any]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json(content_type=None)
    assert document["status"] == status
    return document


async def test_search_answers_in_the_documented_shape() -> None:
    async with serve() as rig, rig.http.post(f"{rig.url}/api/search", json=_QUERY) as response:
        assert response.status == 200
        assert await response.json() == {
            "results": [
                {
                    "id": "p1",
                    "title": "Passwords",
                    "content": "Click Forgot password.",
                    "metadata": {
                        "source": "faq.json",
                        "page": None,
                        "section": "Account",
                        "url": None,
                        "category": "Account",
                    },
                    "relevance_score": 0.91,
                }
            ],
            "threshold": 0.45,
        }
        assert rig.library.asked == [("How do I reset my password?", 3, "Account", "en")]


async def test_search_has_defaults() -> None:
    async with serve() as rig, rig.http.post(f"{rig.url}/api/search", json={"query": " hi "}) as response:
        assert response.status == 200
        assert rig.library.asked == [("hi", 5, None, None)]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"query": ""}', "query"),
        (b"{}", "query"),
        (b'{"query": 5}', "query"),
        (b'{"query": "x", "limit": 0}', "limit"),
        (b'{"query": "x", "limit": 51}', "limit"),
        (b'{"query": "x", "filters": {"colour": "red"}}', "filters.colour"),
        (b'{"query": "x", "filters": {"language": "english"}}', "filters.language"),
        (b'{"query": "x", "typo": 1}', "typo"),
        (b"[1, 2]", "body"),
        (b"not json", "JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "JSON"),
    ],
)
async def test_wrong_searches_name_the_field(body: bytes, names: str) -> None:
    async with serve() as rig:
        async with rig.http.post(f"{rig.url}/api/search", data=body, headers=_JSON) as response:
            assert names in (await _problem(response, 400))["detail"]
        assert rig.library.asked == []


async def test_a_body_that_is_too_large_or_not_json_is_refused() -> None:
    large = io.BytesIO(b'{"query": "' + b"x" * 2_000_000 + b'"}')
    async with serve() as rig:
        async with rig.http.post(f"{rig.url}/api/search", data=large, headers=_JSON) as response:
            await _problem(response, 413)
        async with rig.http.post(f"{rig.url}/api/search", data={"query": "x"}) as response:
            await _problem(response, 400)


async def test_a_knowledge_base_that_is_loading_says_when_to_come_back() -> None:
    async with serve() as rig:
        rig.library.error = KnowledgeUnavailable("the model is loading")
        async with rig.http.post(f"{rig.url}/api/search", json={"query": "x"}) as response:
            assert "loading" in (await _problem(response, 503))["detail"]
            assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Host": "hub.example.com"},
        {"Host": "127.0.0.1.example.com"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("route", ["search", "metrics"])
async def test_what_does_not_come_straight_from_this_machine_is_refused(headers: dict[str, str], route: str) -> None:
    async with serve() as rig:
        method, path = ("POST", "/api/search") if route == "search" else ("GET", "/metrics")
        async with rig.http.request(method, rig.url + path, json=_QUERY, headers=headers) as response:
            document = await _problem(response, 403)
        assert document["code"] == "not_allowed"
        assert rig.library.asked == []


@pytest.mark.parametrize("operation", _OPERATOR_ROUTES, ids=lambda one: f"{one.method} {one.path}")
async def test_being_on_the_machine_is_not_enough(operation: Operation) -> None:
    book, freshness = cast(GapBook, None), cast(Freshness, object())
    async with serve(gaps=book, freshness=freshness) as rig, aiohttp.ClientSession() as stranger:
        for given in (None, "Bearer", "Bearer wrong", "Bearer \xe9", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
            headers = {"Host": "localhost", **({"Authorization": given} if given else {})}
            url = rig.url + operation.path.replace("{id}", "m0")
            async with stranger.request(operation.method, url, json=_QUERY, headers=headers) as response:
                assert (await _problem(response, 401))["code"] == "unauthenticated"
                assert response.headers["WWW-Authenticate"] == "Bearer"
        assert rig.library.asked == []


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
async def test_a_token_does_not_travel_through_a_proxy(header: str) -> None:
    async with serve() as rig, rig.http.get(f"{rig.url}/metrics", headers={header: "203.0.113.7"}) as response:
        assert response.status == 403


async def test_guessing_is_slowed_down_and_locks_no_operator_out() -> None:
    async with serve() as rig, aiohttp.ClientSession(headers={"Authorization": "Bearer guess"}) as stranger:
        found = []
        for _ in range(12):
            async with stranger.get(f"{rig.url}/metrics") as response:
                found.append(response.status)
        assert found == [401] * 10 + [429] * 2
        async with rig.http.get(f"{rig.url}/metrics") as response:
            assert response.status == 200
            assert 'switchboard_bad_signatures_total{channel="operator"} 12.0' in await response.text()


async def test_a_proxy_that_adds_no_header_is_known_by_its_old_http() -> None:
    async with serve() as rig, aiohttp.ClientSession(version=aiohttp.HttpVersion10, headers=AS_OPERATOR) as proxy:
        async with proxy.get(f"{rig.url}/metrics") as response:
            await _problem(response, 403)
        async with proxy.get(f"{rig.url}/health/live") as response:
            assert response.status == 200


async def test_a_hub_makes_a_token_that_only_its_user_can_read(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path)
    operators = operator_access(settings, NoMetrics())
    token = (tmp_path / "operator_token").read_text().strip()
    assert len(token) == 64
    assert (tmp_path / "operator_token").stat().st_mode & 0o777 == 0o600
    assert token not in repr(operators)
    for access in (operators, operator_access(settings, NoMetrics())):
        async with serve(operators=access) as rig:
            headers = {"Authorization": f"bearer {token}"}
            async with rig.http.get(f"{rig.url}/metrics", headers=headers) as response:
                assert response.status == 200


async def test_localhost_by_name_is_this_machine() -> None:
    async with serve() as rig:
        headers = {"Host": "localhost:8080", "Origin": "http://localhost:8080"}
        async with rig.http.post(f"{rig.url}/api/search", json=_QUERY, headers=headers) as response:
            assert response.status == 200


async def test_metrics_show_requests_by_route_and_the_backlog() -> None:
    async def item(_request: web.Request) -> web.Response:
        return web.Response()

    async with serve([web.get("/things/{id}", item)]) as rig:
        for number in range(3):
            await rig.http.get(f"{rig.url}/things/{number}")
        await rig.http.get(f"{rig.url}/no/such/page")
        async with rig.http.get(f"{rig.url}/metrics") as response:
            assert response.content_type == "text/plain"
            text = await response.text()
    assert 'switchboard_http_requests_total{method="GET",route="/things/{id}",status="200"} 3.0' in text
    assert 'switchboard_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'switchboard_backlog{kind="pending"} 3.0' in text
    assert "switchboard_store_up 1.0" in text
    assert "switchboard_knowledge_ready 1.0" in text


async def test_metrics_are_served_while_the_database_is_down_and_show_no_stale_numbers() -> None:
    async with serve() as rig:
        await rig.http.get(f"{rig.url}/metrics")
        rig.database.down = True
        async with rig.http.get(f"{rig.url}/metrics") as response:
            text = await response.text()
    assert "switchboard_store_up 0.0" in text
    assert "switchboard_backlog{" not in text


async def _health(rig: Rig, path: str) -> tuple[int, dict[str, Any]]:
    async with rig.http.get(rig.url + path) as response:
        return response.status, await response.json()


async def test_health_while_all_is_well() -> None:
    async with serve() as rig:
        status, body = await _health(rig, "/health")
        assert (status, body["status"], body["version"]) == (200, "ok", "1.2.3")
        assert await _health(rig, "/health/live") == (200, {"status": "ok"})
        assert (await _health(rig, "/health/ready"))[0] == 200
        for part in ("db", "vectors", "cache", "channels"):
            status, body = await _health(rig, f"/health/{part}")
            assert (status, body["status"]) == (200, "ok")
            assert body["latency_ms"] >= 0


async def test_health_while_the_database_is_down() -> None:
    async with serve() as rig:
        rig.database.down = True
        for path in ("/health", "/health/ready", "/health/db"):
            status, body = await _health(rig, path)
            assert (status, body["status"]) == (503, "down")
            assert "hunter22" not in str(body)
        assert (await _health(rig, "/health/live"))[0] == 200


async def test_health_while_the_database_hangs() -> None:
    async with serve() as rig:
        rig.database.stuck = True
        async with asyncio.timeout(PATIENCE):  # without a limit it would hang for ever
            assert (await _health(rig, "/health"))[0] == 503


async def test_a_hub_that_is_stopping_is_alive_and_not_ready() -> None:
    async with serve() as rig:
        rig.health.stop()
        assert (await _health(rig, "/health/ready"))[0] == 503
        assert (await _health(rig, "/health/live"))[0] == 200


async def test_an_unknown_part_is_a_problem() -> None:
    async with serve() as rig, rig.http.get(f"{rig.url}/health/nothing") as response:
        assert "channels" in (await _problem(response, 404))["detail"]


async def test_every_answer_carries_a_request_id() -> None:
    async def fails(_request: web.Request) -> web.Response:
        raise RuntimeError("secret insides")

    async with serve([web.get("/fails", fails)]) as rig:
        async with rig.http.get(f"{rig.url}/health/live", headers={"X-Request-ID": "mine-1"}) as response:
            assert response.headers["X-Request-ID"] == "mine-1"
        async with rig.http.get(f"{rig.url}/health/live", headers={"X-Request-ID": "<script>"}) as response:
            assert response.headers["X-Request-ID"] != "<script>"
        async with rig.http.get(f"{rig.url}/fails") as response:
            document = await _problem(response, 500)
            assert "insides" not in str(document)
            assert len(response.headers["X-Request-ID"]) == 16
