"""The description matches what is served, in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator

from api.openapi import description
from api.operations import OPERATIONS
from channels.web.adapter import WebChannel
from channels.web.settings import WebSettings
from core.clock import SystemClock
from tests.integration.api.rig import serve

_PAGES = ("/", "/widget.js", "/{asset}")


class _Anything:
    """Stands for parts that routes are not about."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_a, **_k: _Anything()


def _web_routes() -> list[web.AbstractRouteDef]:
    nothing: Any = _Anything()
    settings = WebSettings(secret_keys=("k" * 32,))
    channel = WebChannel(settings, log=nothing, records=nothing, files=nothing, wake=nothing, clock=SystemClock())
    return list(channel.routes())


def _differences(
    registered: Iterable[tuple[str, str]], *, not_described: Iterable[str] = ()
) -> tuple[set[str], set[str]]:
    """(registered but not described, described but not registered), as ``METHOD /path/{}``.

    ``not_described``: paths that are pages and their files, not an interface.
    """
    pages = set(not_described)
    actual = {
        f"{method} {_shape(path)}"
        for method, path in registered
        if method not in ("HEAD", "OPTIONS", "*") and path not in pages
    }
    described = {f"{operation.method} {_shape(operation.path)}" for operation in OPERATIONS}
    return actual - described, described - actual


def _shape(path: str) -> str:
    """Parameter names may differ between the table and a route."""
    return re.sub(r"\{[^}]*\}", "{}", path)


async def test_each_route_is_described_and_each_description_is_a_route() -> None:
    registered = []
    async with serve(_web_routes(), freshness=_Anything()) as rig:
        for route in rig.app.router.routes():
            assert route.resource is not None
            registered.append((route.method, re.sub(r"\{(\w+):.*\}", r"{\1}", route.resource.canonical)))
    assert _differences(registered, not_described=_PAGES) == (set(), set())


def test_the_check_itself_can_fail() -> None:
    everything = [(operation.method, operation.path) for operation in OPERATIONS]
    assert _differences([*everything, ("GET", "/new")]) == ({"GET /new"}, set())
    assert _differences(everything[1:]) == (set(), {f"{everything[0][0]} {everything[0][1]}"})


def test_the_document_is_whole() -> None:
    document = description()
    assert document["openapi"].startswith("3.1")
    known = set(document["components"]["schemas"])
    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert references <= known
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
        assert "description" in schema
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


async def test_it_is_served_and_the_page_needs_nothing_else() -> None:
    async with serve() as rig:
        async with rig.http.get(f"{rig.url}/openapi.json") as response:
            assert (await response.json())["info"]["title"] == "Switchboard"
        async with rig.http.get(f"{rig.url}/docs") as response:
            html = await response.text()
            policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = _Page()
    page.feed(html)
    assert page.loads == []
    assert page.scripts == 0
    assert {href for href in page.links if href.startswith("#")} <= {f"#{anchor}" for anchor in page.ids}
    assert len(page.ids) == len(set(page.ids))
    assert all(operation.path in html for operation in OPERATIONS)


class _Page(HTMLParser):
    """What a browser would fetch or jump to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.scripts += tag == "script"
        self.loads += [values[name] for name in ("src", "srcset", "data", "poster") if name in values]
        self.loads += [values["href"]] if tag == "link" else []
        self.links += [values["href"]] if tag == "a" else []
        self.ids += [values["id"]] if "id" in values else []
