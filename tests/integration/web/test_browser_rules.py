"""What browsers are told: origins, CORS, caching, policies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.web.pages import STATIC
from channels.web.settings import WebSettings
from tests.integration.web.rig import KEY, Rig, running

SHOP = "https://shop.example"
SETTINGS = WebSettings(secret_keys=(KEY,), origins=(SHOP, "https://*.brand.example"), public_url="https://chat.example")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Rig]:
    """A hub that a shop embeds."""
    async with running(tmp_path, SETTINGS) as rig:
        yield rig


@pytest.mark.parametrize("origin", [SHOP, "https://eu.brand.example", "https://chat.example", "same"])
async def test_allowed_sites_get_their_headers_on_answers_and_errors(shop: Rig, origin: str) -> None:
    headers = {"Origin": shop.url if origin == "same" else origin}
    for path, method, status in (("/api/sessions", "POST", 200), ("/api/feedback", "POST", 401)):
        got, _, answered = await shop.call(method, path, headers=headers)
        assert got == status
        assert answered["Access-Control-Allow-Origin"] == headers["Origin"]
        assert answered["Access-Control-Expose-Headers"] == "retry-after"
        assert answered["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answered


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://brand.example.evil",
        "https://brand.example",
        "null",
        "https://[",
        "",
    ],
)
async def test_other_sites_are_refused_and_may_read_why(shop: Rig, origin: str) -> None:
    status, problem, headers = await shop.call("POST", "/api/sessions", headers={"Origin": origin})
    assert (status, problem["code"]) == (403, "not_allowed")
    is_a_site = origin.startswith("http") and origin != "https://["
    assert headers.get("Access-Control-Allow-Origin") == (origin if is_a_site else None)
    preflight, _, _ = await shop.call("OPTIONS", "/api/sessions", headers={"Origin": origin})
    assert preflight == 204


async def test_preflights_are_answered(shop: Rig) -> None:
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "DELETE"}
    status, _, answered = await shop.call("OPTIONS", "/api/sessions/s_1", headers=headers)
    assert status == 204
    assert "DELETE" in answered["Access-Control-Allow-Methods"]
    assert answered["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert answered["Access-Control-Allow-Origin"] == SHOP


async def test_programs_need_no_origin(shop: Rig) -> None:
    assert (await shop.session())["token"]


async def test_static_files_are_cached_and_compressed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig, rig.http.get(f"{rig.url}/widget.js") as response:
        assert response.status == 200
        assert "javascript" in response.content_type
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response.headers["Content-Encoding"] == "gzip"
        tag = response.headers["ETag"]
        async with rig.http.get(f"{rig.url}/widget.js", headers={"If-None-Match": tag}) as again:
            assert again.status == 304


async def test_a_file_named_after_its_content_is_kept_for_ever(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        locale = next(path.name for path in STATIC.glob("widget.*.json"))
        async with rig.http.get(f"{rig.url}/{locale}") as response:
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert await response.json()


async def test_what_is_not_there_is_a_problem_document(rig: Rig) -> None:
    for path in ("/nothing.js", "/nothing", "/..%2fadapter.py"):
        status, problem, _ = await rig.call("GET", path)
        assert (status, problem["code"]) == (404, "not_found")


async def test_the_demo_page_can_be_switched_off(tmp_path: Path) -> None:
    async with running(tmp_path, WebSettings(secret_keys=(KEY,), demo_page=False)) as rig:
        assert (await rig.call("GET", "/"))[0] == 404
        assert (await rig.call("GET", "/widget.js"))[0] == 200
