"""Sites as they are: with a page that always fails, with rules elsewhere, with pages that claim to be others."""

from __future__ import annotations

from aiohttp import web

from knowledge.convert.converter import Converter
from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Site, page, serving


async def test_a_page_that_always_fails_keeps_no_other_alive(site: Site, crawler: Crawler) -> None:
    options = crawler.options()
    site.pages = {"/": page("Help", "/refunds", "/old"), "/refunds": page("Refunds"), "/old": page("Old")}
    await crawler.run(options)
    site.pages |= {"/": page("Help", "/refunds"), "/refunds": 500, "/old": 404}

    await crawler.run(options)

    assert crawler.places(options) == {"/", "/refunds"}


async def test_a_site_that_names_its_pages_anew_each_time_does_not_grow(site: Site, crawler: Crawler) -> None:
    """With a page that always fails no crawl is whole, so that nothing of the earlier ones would ever go."""
    options = crawler.options(most_pages=6)
    for visit in range(3):
        names = [f"/{visit}-{number}" for number in range(3)]
        site.pages = {"/": page("Help", "/broken", *names), "/broken": 500, "*": page("Any")}
        state = await crawler.run(options)
        assert len(state.pages) <= 6
        assert {f"{site.address}{name}" for name in names} <= state.pages.keys()


async def test_every_x_robots_tag_counts(site: Site, crawler: Crawler) -> None:
    async def answer(request: web.Request) -> web.Response:
        found = web.Response(text=page("Hidden", "/behind"), content_type="text/html")
        found.headers.add("X-Robots-Tag", "max-snippet: 20")
        found.headers.add("X-Robots-Tag", "noindex")
        return found

    site.pages = {"/": page("Help", "/hidden"), "/hidden": answer, "/behind": page("Behind")}
    options = crawler.options()
    await crawler.run(options)
    assert crawler.places(options) == {"/", "/behind"}


async def test_rules_behind_a_redirect_to_another_host_are_rules(site: Site, crawler: Crawler) -> None:
    """RFC 9309, 2.3.1.2."""
    async with serving(Site()) as other:
        other.robots = "User-agent: *\nDisallow: /private\n"

        async def elsewhere(request: web.Request) -> web.Response:
            return web.Response(status=301, headers={"Location": f"{other.address}/robots.txt"})

        site.robots = elsewhere
        site.pages = {"/": page("Help", "/private/one", "/open"), "/private/one": page("One"), "/open": page("Open")}
        options = crawler.options()
        await crawler.run(options)
        assert crawler.places(options) == {"/", "/open"}


async def test_a_citation_leads_to_the_page_that_was_read(site: Site, crawler: Crawler) -> None:
    """There are sites on which every page names the start as its main one, and such that name somebody else's."""
    site.pages = {
        "/": page("Help", "/refunds", "/prices"),
        "/refunds": page("Refunds", head='<link rel="canonical" href="/">'),
        "/prices": page("Prices", head='<link rel="canonical" href="https://elsewhere.example/prices">'),
    }
    options = crawler.options()
    await crawler.run(options)
    for path in ("/refunds", "/prices"):
        file = crawler.file(options, path)
        assert Converter().convert(file.path).described_by(file).url == f"{site.address}{path}"


async def test_a_pause_that_is_no_number_is_none(site: Site, crawler: Crawler) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "²"})

    site.pages = {"/": page("Help", "/busy"), "/busy": busy}
    state = await crawler.run(crawler.options())
    assert state.failure is None
