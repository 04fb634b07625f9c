"""What every answer of the real application tells a browser."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.integration.api.rig import serve


async def _json(_request: web.Request) -> web.Response:
    return web.json_response({"name": "Ada"})


async def _page(_request: web.Request) -> web.Response:
    return web.Response(text="<p>", content_type="text/html", headers={"Cache-Control": "no-cache"})


@pytest.mark.parametrize("path", ["/data", "/page", "/health", "/metrics", "/docs", "/openapi.json", "/no/such/page"])
async def test_every_answer_is_only_what_its_type_says(path: str) -> None:
    async with serve([web.get("/data", _json), web.get("/page", _page)]) as rig, rig.http.get(rig.url + path) as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    kept = {"/page": "no-cache", "/docs": "public, max-age=300", "/openapi.json": "public, max-age=300"}
    assert headers["Cache-Control"] == kept.get(path, "no-store")
