"""Which pages of a site are for staff may stand in another source: that one is read before the site is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources import Catalog, SourceOptions, scan
from knowledge.sources.refresh import Refresh
from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Handler, Site, page

STAFF = KnowledgeAudience.STAFF


def listing(*paths: str) -> str:
    found = "".join(f"<url><loc>{{site}}{path}</loc></url>" for path in paths)
    return f"<?xml version='1.0'?><urlset>{found}</urlset>"


@pytest.fixture
def catalog(site: Site, tmp_path: Path) -> Catalog:
    site.pages = {
        "/": page("Help", "/refunds"),
        "/refunds": page("Refunds"),
        "/internal-sitemap.xml": listing("/margins"),
        "/margins": page("Margins"),
    }
    public = SourceOptions(f"{site.address}/", pause=0.0)
    staff = SourceOptions(f"{site.address}/internal-sitemap.xml", audience=STAFF, pause=0.0)
    return Catalog((public, staff), tmp_path / "mirrors")


def opened(catalog: Catalog) -> dict[str, bool]:
    return {
        f"/{str(file.url).rpartition('/')[2]}": file.audience is not STAFF
        for file in scan([catalog.described[0].root], catalog).files
    }


async def test_what_was_listed_for_staff_since_is_known_before_its_page_is_met(site: Site, catalog: Catalog) -> None:
    public, _ = catalog.described
    await Refresh(catalog).run([one.root for one in catalog.described])
    site.pages |= {
        "/": page("Help", "/refunds", "/salaries"),
        "/salaries": page("Salaries"),
        "/internal-sitemap.xml": listing("/margins", "/salaries"),
    }

    [fetched] = await Refresh(catalog).run([public.root])

    assert fetched.failure is None
    assert opened(catalog) == {"/": True, "/refunds": True, "/salaries": False}


async def test_while_the_list_cannot_be_read_the_site_is_not_either(site: Site, catalog: Catalog) -> None:
    public, _ = catalog.described
    await Refresh(catalog).run([one.root for one in catalog.described])
    site.pages |= {"/": page("Help", "/salaries"), "/salaries": page("Salaries"), "/internal-sitemap.xml": 503}
    site.asked.clear()

    [held] = await Refresh(catalog).run([public.root])

    assert "internal-sitemap.xml is for staff and cannot be read" in str(held.failure)
    assert "503" in str(held.failure)
    assert set(site.asked) == {"/internal-sitemap.xml"}
    assert opened(catalog) == {"/": True, "/refunds": True}, "what was fetched before stays"
    assert any("cannot be read" in reason for _, reason in scan([public.root], catalog).skipped)


async def test_a_list_of_another_site_is_not_waited_for(site: Site, catalog: Catalog) -> None:
    """Nor is what nobody knows the site of, such as a third party's source whose package is not installed."""
    public, _ = catalog.described
    others = tuple(
        SourceOptions(address, audience=STAFF) for address in ("http://127.0.0.1:1/sitemap.xml", "unheard://of")
    )

    [fetched] = await Refresh(Catalog((public, *others), catalog.mirrors)).run([public.root])

    assert (fetched.failure, fetched.documents) == (None, 2)


def failing(times: int, then: str) -> Handler:
    """A page that cannot be had so many times."""
    left = [times]

    async def answer(request: web.Request) -> web.Response:
        left[0] -= 1
        return web.Response(status=503) if left[0] >= 0 else web.Response(text=then, content_type="text/html")

    return answer


async def test_where_a_listed_page_has_moved_is_for_staff_although_it_could_not_be_had(
    site: Site, catalog: Catalog
) -> None:
    """The list itself never names the new address."""
    site.pages |= {
        "/": page("Help", "/refunds", "/now"),
        "/internal-sitemap.xml": listing("/margins", "/prices"),
        "/prices": page("Prices"),
        "/margins": "-> /then",
        "/then": "-> /now",
        "/now": failing(2, page("Margins")),
    }

    await Refresh(catalog).run([one.root for one in catalog.described])

    assert opened(catalog) == {"/": True, "/refunds": True, "/now": False}

    site.pages["/margins"] = 503
    await Refresh(catalog).run([one.root for one in catalog.described])
    assert opened(catalog)["/now"] is False, "nobody has said that it leads elsewhere since"

    site.pages |= {"/margins": page("Margins"), "/now": page("Now")}
    await Refresh(catalog).run([one.root for one in catalog.described])
    assert opened(catalog)["/now"] is True


@pytest.mark.parametrize(
    "moved", ["-> /then", page("Moved", head='<meta http-equiv="refresh" content="0; url=/then">')]
)
async def test_where_pages_lead_that_are_too_many_to_be_kept_is_known_all_the_same(
    site: Site, catalog: Catalog, moved: str
) -> None:
    public, staff = catalog.described
    names = [f"/{number}" for number in range(4)]
    site.pages |= {
        "/": page("Help", "/refunds", "/now"),
        "/internal-sitemap.xml": listing(*names, "/margins"),
        **dict.fromkeys(names, page("For staff")),
        "/margins": moved,
        "/then": "-> /now",
        "/now": page("Margins"),
    }
    catalog = Catalog((public, replace(staff, most_pages=2)), catalog.mirrors)

    [_, fetched] = await Refresh(catalog).run([one.root for one in catalog.described])

    assert fetched.documents == 2
    assert opened(catalog) == {"/": True, "/refunds": True, "/now": False}


async def test_while_nobody_knows_where_listed_pages_lead_the_site_is_not_opened(
    site: Site, crawler: Crawler, catalog: Catalog
) -> None:
    """The time of the crawl is over before all of them were asked for."""

    async def slow(request: web.Request) -> web.Response:
        crawler.clock.time += 3000.0
        return web.Response(text=page("For staff"), content_type="text/html")

    site.pages |= {"/internal-sitemap.xml": listing("/1", "/2", "/3", "/margins"), "/1": slow, "/2": slow, "/3": slow}
    public, staff = catalog.described
    catalog = Catalog((public, staff), crawler.mirrors)
    await crawler.run(staff)
    await crawler.run(public)

    [(_, reason)] = scan([public.root], catalog).failures
    assert "no time to ask 2 of its pages where they lead" in reason

    site.pages |= dict.fromkeys(("/1", "/2", "/3"), page("For staff"))
    await crawler.run(staff)
    assert opened(catalog) == {"/": True, "/refunds": True}


def meanwhile(site: Site, **pages: str | int) -> Handler:
    """A page that is asked for just before these appear, and leads to one of them."""

    async def answer(request: web.Request) -> web.Response:
        site.pages |= {f"/{name.replace('_', '-')}": content for name, content in pages.items()}
        return web.Response(text=page("Refunds", "/salaries").replace("{site}", site.address), content_type="text/html")

    return answer


async def test_what_is_listed_for_staff_while_the_site_is_read_is_known_before_it_is_opened(
    site: Site, catalog: Catalog
) -> None:
    found = {"salaries": page("Salaries"), "internal_sitemap.xml": listing("/margins", "/salaries")}
    site.pages["/refunds"] = meanwhile(site, **found)
    public, _ = catalog.described

    await Refresh(catalog).run([public.root])

    assert opened(catalog) == {"/": True, "/refunds": True, "/salaries": False}
    assert site.asked_for("/internal-sitemap.xml") == 2

    await Refresh(catalog).run([public.root])
    assert site.asked_for("/internal-sitemap.xml") == 3, "of a site that has not changed no page can have come to both"


async def test_a_site_that_has_changed_is_not_opened_before_its_list_was_read_again(
    site: Site, catalog: Catalog
) -> None:
    site.pages["/refunds"] = meanwhile(site, salaries=page("Salaries"), **{"internal_sitemap.xml": 503})
    public, _ = catalog.described

    [held] = await Refresh(catalog).run([public.root])

    assert "internal-sitemap.xml is for staff and cannot be read" in str(held.failure)
    [(_, reason)] = scan([public.root], catalog).failures
    assert "was read before the last changes of this site were" in reason

    site.pages |= {"/internal-sitemap.xml": listing("/margins", "/salaries"), "/refunds": page("Refunds", "/salaries")}
    await Refresh(catalog).run([public.root])
    assert opened(catalog) == {"/": True, "/refunds": True, "/salaries": False}
