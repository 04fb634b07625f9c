"""Pages that are slow, huge, broken or hostile cost themselves, and nothing else."""

from __future__ import annotations

import gzip
import hashlib
from urllib.parse import quote

import pytest
from aiohttp import web

from knowledge.convert.converter import Converter
from knowledge.sources.head import as_file
from knowledge.sources.mirror import Mirror
from knowledge.sources.web import Limits
from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Handler, Site, page

_PRIVATE = "http://169.254.169.254/latest/meta-data/"
_PAGES = {
    "/malformed": "<html><head><title>Mal<body></title><p <a href='/last' <![CDATA[ <!-- <a href=/last>x</a><p>fine</p>",
    "/nested": "<div>" * 10_000 + "deep" + f'<a href="/last">{"</div>" * 10_000}',
    "/inside": f"-> {_PRIVATE}",
    "/last": page("Last"),
}


def _sends(body: bytes, kind: str = "text/html", **headers: str) -> Handler:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": kind, **named})

    return answer


def _begins(site: Site) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await site.closing.wait()
        return response

    return answer


async def _grows(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    for _ in range(100):
        await response.write(b"<p>more and more</p>" * 500)
    return response


async def test_slow_huge_and_hostile_pages(site: Site, crawler: Crawler) -> None:
    crawler.limits = Limits(seconds=3.0, html_bytes=200_000, other_bytes=400_000)
    site.pages = {
        "/slow": _begins(site),
        "/huge": _grows,
        "/bomb": _sends(gzip.compress(b"<p>" + b"0" * 50_000_000), Content_Encoding="gzip"),
        "/liar": _sends(page("Ünïcödé").encode(), "text/html; charset=us-ascii"),
        "/latin": _sends(page("Grüße").encode("latin-1"), "text/html; charset=ISO-8859-1"),
        "/picture": _sends(b"\x89PNG", "image/png"),
        "/cut": _sends(b"\x1f\x8b broken", Content_Encoding="gzip"),
        **_PAGES,
    }
    site.pages["/"] = page("Help", *site.pages, _PRIVATE, "http://localhost:1/", "http://[::1", "http://a b/")
    options = crawler.options(hosts=("169.254.169.254",))

    state = await crawler.run(options)

    reasons = {place.rstrip("/").rsplit("/", 1)[-1]: reason for place, reason in state.problems}
    assert "no answer within 3 seconds" in reasons.pop("slow")
    assert "is larger than" in reasons.pop("huge")
    assert "is larger than" in reasons.pop("bomb")
    assert "cannot be fetched" in reasons.pop("cut")
    assert "private address" in reasons.pop("meta-data")
    assert reasons == {}
    assert crawler.places(options) == {"/", "/liar", "/latin", "/malformed", "/nested", "/last"}


async def test_a_charset_that_is_wrong_spoils_no_text(site: Site, crawler: Crawler) -> None:
    site.pages = {
        "/": _sends(page("Ünïcödé", "/latin", "/unknown").encode(), "text/html; charset=us-ascii"),
        "/latin": _sends(page("Grüße").encode("latin-1"), "text/html; charset=ISO-8859-1"),
        "/unknown": _sends(page("Größe").encode("cp1252"), "text/html; charset=klingon"),
    }
    options = crawler.options()

    await crawler.run(options)

    titles = {file.url: Converter().convert(file.path).title for file in crawler.scan(options).files}
    assert set(titles.values()) == {"Grüße", "Größe", "Ünïcödé"}


@pytest.mark.parametrize("letter", ["あ", "ก", "क", "𠀀"])
async def test_a_long_name_in_any_script_is_kept(letter: str, site: Site, crawler: Crawler) -> None:
    """A file's name may have 255 bytes, and each of these letters has three or four."""
    path = f"/{quote(letter * 150)}"
    site.pages = {"/": page("Help", path), path: page("Long")}
    options = crawler.options()

    state = await crawler.run(options)

    assert (state.failure, state.problems) == (None, ())
    assert len(crawler.places(options)) == 2


async def test_a_page_that_cannot_be_stored_fails_alone(site: Site, crawler: Crawler) -> None:
    site.pages = {"/": page("Help", "/one", "/two"), "/one": page("One"), "/two": page("Two")}
    options = crawler.options()
    digest = hashlib.sha256(as_file(site.pages["/one"])).hexdigest()[:32]
    files = Mirror.of(crawler.mirrors, options.root).folder / "files"
    files.mkdir(parents=True)
    (files / digest).write_text("in the way")

    state = await crawler.run(options)

    assert state.failure is None
    assert [reason.startswith("cannot be kept") for _, reason in state.problems] == [True]
    assert crawler.places(options) == {"/", "/two"}
