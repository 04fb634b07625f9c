"""Sitemaps are read with their indexes; one that is broken deletes nothing."""

from __future__ import annotations

import gzip

from aiohttp import web

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import SourceFile
from knowledge.sources import Catalog, scan
from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Site, page


async def test_sitemaps_and_their_indexes(site: Site, crawler: Crawler) -> None:
    async def packed(request: web.Request) -> web.Response:
        inside = (
            f"<urlset><url><loc>{site.address}/two</loc></url><url><loc>https://elsewhere.example/</loc></url></urlset>"
        )
        return web.Response(body=gzip.compress(inside.encode()), content_type="application/gzip")

    namespace = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    site.pages = {
        "/sitemap.xml": f"<?xml version='1.0'?><sitemapindex {namespace}><sitemap><loc>{{site}}/one.xml</loc></sitemap>"
        f"<sitemap><loc>{{site}}/two.xml.gz</loc></sitemap><sitemap><loc>{{site}}/sitemap.xml</loc></sitemap></sitemapindex>",
        "/one.xml": f"<?xml version='1.0'?><urlset {namespace}><url><loc> {{site}}/one </loc></url></urlset>",
        "/two.xml.gz": packed,
        "/one": page("One", "/not-in-the-map"),
        "/two": page("Two"),
        "/not-in-the-map": page("Not in the map"),
    }
    options = crawler.options("/sitemap.xml")

    state = await crawler.run(options)

    assert (state.failure, state.problems) == (None, ())
    assert crawler.places(options) == {"/one", "/two"}
    assert site.asked_for("/sitemap.xml") == 1


async def test_a_broken_sitemap_deletes_nothing(site: Site, crawler: Crawler) -> None:
    site.pages = {
        "/sitemap.xml": "<?xml version='1.0'?><urlset><url><loc>{site}/one</loc></url><url><loc>{site}/two</loc></url></urlset>",
        "/one": page("One"),
        "/two": page("Two"),
    }
    options = crawler.options("/sitemap.xml")
    await crawler.run(options)
    for broken in (
        "<?xml version='1.0'?><urlset></urlset>",
        "<?xml version='1.0'?><urlset><url>",
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaa'><!ENTITY b '&a;&a;'>]><urlset><url><loc>&b;</loc></url></urlset>",
        500,
        404,
    ):
        site.pages["/sitemap.xml"] = broken

        state = await crawler.run(options)

        assert state.failure is not None, broken
        assert crawler.places(options) == {"/one", "/two"}, broken


URLS = "<?xml version='1.0'?><urlset>{}</urlset>"


def _map(*paths: str) -> str:
    return URLS.format("".join(f"<url><loc>{{site}}{path}</loc></url>" for path in paths))


def _titles_of(files: tuple[SourceFile, ...]) -> dict[str, bool]:
    return {str(file.url).rpartition("/")[2]: file.audience is KnowledgeAudience.STAFF for file in files}


async def test_what_a_sitemap_for_staff_lists_is_for_staff_whether_it_could_be_had_or_not(
    site: Site, crawler: Crawler
) -> None:
    site.pages = {
        "/": page("Help", "/margins", "/salaries", "/refunds"),
        "/internal-sitemap.xml": _map("/margins", "/salaries"),
        "/margins": page("Margins"),
        "/salaries": 500,
        "/refunds": page("Refunds"),
    }
    staff = crawler.options("/internal-sitemap.xml", audience=KnowledgeAudience.STAFF)
    public = crawler.options()
    await crawler.run(staff)
    site.pages["/salaries"] = page("Salaries")
    await crawler.run(public)

    found = scan([public.root], Catalog((public, staff), crawler.mirrors))

    assert _titles_of(found.files) == {"": False, "margins": True, "salaries": True, "refunds": False}


async def test_until_a_sitemap_for_staff_was_read_its_site_is_not_opened(site: Site, crawler: Crawler) -> None:
    site.pages = {"/": page("Help", "/margins"), "/margins": page("Margins"), "/internal-sitemap.xml": 503}
    staff = crawler.options("/internal-sitemap.xml", audience=KnowledgeAudience.STAFF)
    public = crawler.options()
    catalog = Catalog((public, staff), crawler.mirrors)
    await crawler.run(public)
    await crawler.run(staff)

    [(_, reason)] = scan([public.root], catalog).failures
    assert "internal-sitemap.xml is for staff and was not read yet" in reason
    assert "503" in reason

    site.pages["/internal-sitemap.xml"] = (
        "<?xml version='1.0'?><sitemapindex>"
        + "".join(f"<sitemap><loc>{{site}}/{name}.xml</loc></sitemap>" for name in ("one", "two"))
        + "</sitemapindex>"
    )
    site.pages |= {"/one.xml": _map("/"), "/two.xml": 500}
    await crawler.run(staff)
    assert scan([public.root], catalog).failures, "half of the list is no list"

    site.pages["/two.xml"] = _map("/margins")
    await crawler.run(staff)
    site.pages["/two.xml"] = 500
    await crawler.run(staff)
    assert _titles_of(scan([public.root], catalog).files) == {"": True, "margins": True}, "what was known stays known"


async def test_a_sitemap_that_is_gone_keeps_no_page_alive(site: Site, crawler: Crawler) -> None:
    """robots.txt goes on naming it; what it once led to is asked for by itself."""
    site.robots = f"User-agent: *\nDisallow:\nSitemap: {site.address}/sitemap.xml\n"
    site.pages = {"/": page("Help"), "/sitemap.xml": _map("/alive", "/dead"), "/alive": page("A"), "/dead": page("D")}
    options = crawler.options()
    await crawler.run(options)
    assert crawler.places(options) == {"/", "/alive", "/dead"}

    site.pages |= {"/sitemap.xml": 404, "/dead": 404}
    await crawler.run(options)

    assert crawler.places(options) == {"/", "/alive"}


async def test_reading_sitemaps_is_progress(site: Site, crawler: Crawler) -> None:
    site.pages = {"/sitemap.xml": _map("/one"), "/one": page("One")}
    await crawler.run(crawler.options("/sitemap.xml"))
    assert [place.rpartition("/")[2] for _, _, place in crawler.told] == ["sitemap.xml", "one"]
