"""Sitemaps are read with their indexes; one that is broken deletes nothing."""

from __future__ import annotations

import gzip

from aiohttp import web

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
