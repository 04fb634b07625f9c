"""A crawl ends by itself, however slowly a site answers and whatever it leads to; what was cut off removes nothing."""

from __future__ import annotations

from aiohttp import web

from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Handler, Site, page

_DRIPPING = 29.0
"""Seconds for each answer, just below what would be a failure."""


def dripping(crawler: Crawler, status: int = 200) -> Handler:
    """Each address leads to two new ones."""

    async def answer(request: web.Request) -> web.Response:
        crawler.clock.time += _DRIPPING
        here = int(request.path.strip("/") or 0)
        links = page(f"Page {here}", f"/{2 * here + 1}", f"/{2 * here + 2}")
        return web.Response(status=status, text=links if status == 200 else "", content_type="text/html")

    return answer


async def test_a_site_that_drips_is_left_after_its_time(site: Site, crawler: Crawler) -> None:
    site.pages = {"*": dripping(crawler)}
    options = crawler.options(most_pages=500, depth=50)
    began = crawler.clock.time

    state = await crawler.run(options)

    assert state.failure is None
    assert crawler.clock.time - began < 3700
    assert 100 < len(state.pages) < 130
    [(_, reason)] = state.problems
    assert reason == "was read for 1 hour, which is its time; what is left is left out"


async def test_addresses_that_lead_to_nothing_take_no_longer(site: Site, crawler: Crawler) -> None:
    site.pages = {
        "/": page("Help", *(f"/{number}" for number in range(1000))),
        "/refunds": page("Refunds"),
        "*": dripping(crawler, 404),
    }
    options = crawler.options()
    site.pages["/"] += '<a href="/refunds">refunds</a>'
    begins_with = {"/", "/refunds"}
    site.pages["*"] = 404
    await crawler.run(options)
    site.pages["*"] = dripping(crawler, 404)
    site.asked.clear()

    state = await crawler.run(options)

    assert state.failure is None
    assert len(site.asked) < 300
    assert crawler.places(options) == begins_with, "what was not come by is not gone"


async def test_sitemaps_take_no_longer(site: Site, crawler: Crawler) -> None:
    async def index(request: web.Request) -> web.Response:
        crawler.clock.time += _DRIPPING
        inside = "".join(f"<sitemap><loc>{site.address}/{number}.xml</loc></sitemap>" for number in range(199))
        return web.Response(text=f"<?xml version='1.0'?><sitemapindex>{inside}</sitemapindex>", content_type="text/xml")

    site.pages = {"*": index}
    options = crawler.options("/sitemap.xml", most_pages=10)

    await crawler.run(options)

    assert len(site.asked) < 130


async def test_a_pause_that_the_site_asks_for_is_no_slowness(site: Site, crawler: Crawler) -> None:
    site.robots = "User-agent: *\nCrawl-delay: 30\n"
    names = [f"/{number}" for number in range(199)]
    site.pages = {"/": page("Help", *names), "*": page("Any")}

    state = await crawler.run(crawler.options(most_pages=200))

    assert (state.problems, len(state.pages)) == ((), 200)


async def test_redirects_without_end_are_not_all_followed(site: Site, crawler: Crawler) -> None:
    """Each hop is one more address, which no page leads to."""
    known = page("Old")
    links = [f"/{number}" for number in range(120)]
    site.pages = {"/": page("Help", *links, "/old"), "/old": known, "*": 404}
    options = crawler.options(most_pages=3)
    await crawler.run(options)
    assert "/old" in crawler.places(options)
    hops = {f"/hop{number}-{hop}": f"-> /hop{number}-{hop + 1}" for number in range(120) for hop in range(9)}
    site.pages |= {f"/{number}": f"-> /hop{number}-0" for number in range(120)} | hops | {"/old": "-> /hop7-0"}
    site.asked.clear()

    await crawler.run(options)

    assert len(site.asked) < 200
    assert "/old" in crawler.places(options), "where it leads was not seen"
