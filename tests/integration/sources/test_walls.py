"""A site that answers every address with one and the same text, such as during maintenance, has not changed its pages."""

from __future__ import annotations

from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Site, page

_NAMES = [f"/{number}" for number in range(8)]
_WALL = page("We will be back soon", "/status")


def open_again(site: Site) -> None:
    """Seven say something of their own, and one the same as another one."""
    site.pages = {"/": page("Help", *_NAMES), **{name: page(name) for name in _NAMES}, "/7": page("/6")}


def said(crawler: Crawler, path: str) -> str:
    return crawler.file(crawler.options(), path).path.read_text("utf-8-sig")


async def test_maintenance_replaces_no_page(site: Site, crawler: Crawler) -> None:
    """The sitemap that robots.txt names is none meanwhile, so that every page that was known is asked for by itself."""
    site.robots = f"User-agent: *\nDisallow:\nSitemap: {site.address}/sitemap.xml\n"
    listed = "".join(f"<url><loc>{{site}}{name}</loc></url>" for name in _NAMES)
    open_again(site)
    site.pages |= {"/": page("Help"), "/sitemap.xml": f"<?xml version='1.0'?><urlset>{listed}</urlset>"}
    options = crawler.options()
    await crawler.run(options)
    before = {path: said(crawler, path) for path in crawler.places(options)}
    assert len(before) == 9
    site.pages = {"*": _WALL}

    for _ in range(2):  # nor does the second look, which is told "not modified" of nothing
        state = await crawler.run(options)

        assert state.failure is not None
        assert state.failure.startswith("9 of its 9 pages say the same now")
        assert f"switchboard index --remove {options.root}" in state.failure
        assert {path: said(crawler, path) for path in crawler.places(options)} == before, "nor is the wall itself read"


async def test_a_wall_with_the_menu_replaces_no_page(site: Site, crawler: Crawler) -> None:
    open_again(site)
    options = crawler.options()
    await crawler.run(options)
    before = {path: said(crawler, path) for path in crawler.places(options)}
    site.pages = dict.fromkeys(site.pages, page("We will be back soon", *_NAMES))
    await crawler.run(options)
    assert {path: said(crawler, path) for path in crawler.places(options)} == before

    open_again(site)
    state = await crawler.run(options)

    assert state.failure is None, "and it is over by itself"


async def test_some_pages_may_say_the_same(site: Site, crawler: Crawler) -> None:
    """A handful, or fewer than half; and many that said the same before, whatever they say now."""
    open_again(site)
    options = crawler.options()
    await crawler.run(options)
    site.pages |= dict.fromkeys(_NAMES[:5], page("Moved to our shop"))
    assert (await crawler.run(options)).failure is None
    assert "Moved to our shop" in said(crawler, "/4")

    site.pages = {"/": page("Help", *_NAMES), **dict.fromkeys(_NAMES, page("Under construction"))}
    crawler.mirrors = crawler.mirrors / "another"
    await crawler.run(options)
    site.pages |= dict.fromkeys(_NAMES, page("Still under construction"))

    assert (await crawler.run(options)).failure is None
    assert "Still under construction" in said(crawler, "/4")
