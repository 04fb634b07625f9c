"""Which pages of a site are for staff may stand in another source: that one is read before the site is."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources import Catalog, SourceOptions, scan
from knowledge.sources.refresh import Refresh
from tests.integration.sources.site import Site, page

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
