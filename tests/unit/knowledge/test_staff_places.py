"""What lies in a source for staff is for staff by whatever road somebody comes to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources import Catalog, Scan, SourceOptions, scan
from knowledge.sources.mirror import Mirror, Page, State

STAFF = KnowledgeAudience.STAFF


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "internal").mkdir(parents=True)
    (folder / "internal" / "margins.md").write_text("Forty percent.")
    (folder / "help.md").write_text("Help.")
    return folder


def for_staff(found: Scan) -> dict[str, bool]:
    return {file.source.rpartition("/")[2]: file.audience is STAFF for file in found.files}


@pytest.mark.parametrize("described", ["internal", "internal/", "internal/margins.md", "internal/*.md", "inter*/*.md"])
@pytest.mark.parametrize("named", ["", "internal", "internal/margins.md", "**/*.md", "internal/../internal", "link.md"])
def test_files_by_every_road(docs: Path, tmp_path: Path, described: str, named: str) -> None:
    (docs / "link.md").symlink_to(docs / "internal" / "margins.md")
    catalog = Catalog((SourceOptions(f"{docs}/{described}", audience=STAFF),))

    found = scan([f"{docs}/{named}" if named else str(docs)], catalog)

    secret = [file for file in found.files if file.path.read_text() == "Forty percent."]
    assert secret
    assert all(file.audience is STAFF for file in secret)
    assert all(file.audience is not STAFF for file in found.files if file.path.name == "help.md")


def test_what_a_staff_source_leaves_out_is_not_in_it(docs: Path) -> None:
    catalog = Catalog((SourceOptions(str(docs), audience=STAFF, include=("internal/*",)),))

    assert for_staff(scan([f"{docs}/*.md", f"{docs}/internal"], catalog)) == {"help.md": False, "margins.md": True}


def fetched(catalog: Catalog, options: SourceOptions, places: Sequence[str], address: str | None = None) -> None:
    """As if these places had been fetched."""
    mirror = catalog.mirror(options)
    assert mirror is not None
    with mirror.fetching() as draft:
        pages = {}
        for place in places:
            url = f"{address}{place}" if address else None
            key = url or place
            pages[key] = Page(draft.keep(place.encode(), "page.html"), f"name/{place}", place, url)
        draft.finish(State(pages, listed=tuple(pages)))


SITE = "https://example.com"


@pytest.mark.parametrize(
    "described",
    [f"{SITE}/internal", f"{SITE}/internal/", "https://www.example.com/internal", "http://EXAMPLE.com/internal"],
)
@pytest.mark.parametrize("named", [f"{SITE}/internal/", f"{SITE}/internal", f"{SITE}/", f"{SITE}/internal/margins"])
def test_a_site_by_every_road(tmp_path: Path, described: str, named: str) -> None:
    catalog = Catalog((SourceOptions(described, audience=STAFF),), tmp_path)
    fetched(catalog, catalog.options(named), ["/internal/margins", "/internals"], SITE)

    assert for_staff(scan([named], catalog)) == {"margins": True, "internals": named == described}


def test_pages_that_were_fetched_for_staff(tmp_path: Path) -> None:
    """A sitemap may list pages of the whole site, and closes those alone."""
    sitemap = SourceOptions(f"{SITE}/internal-sitemap.xml", audience=STAFF)
    catalog = Catalog((sitemap, SourceOptions(SITE)), tmp_path)
    fetched(catalog, sitemap, ["/prices"], SITE)
    fetched(catalog, catalog.options(SITE), ["/prices/", "/help"], SITE)

    found = scan([SITE], catalog)

    assert {file.url: file.audience is STAFF for file in found.files} == {
        f"{SITE}/prices/": True,
        f"{SITE}/help": False,
    }


@pytest.mark.parametrize(
    "named",
    [
        SourceOptions("https://github.com/Acme/docs.git"),
        SourceOptions("git@github.com:acme/docs.git", folder="internal"),
        SourceOptions("https://ghp_token@github.com/acme/docs", kind="git", branch="next"),
    ],
)
def test_a_repository_by_every_road(tmp_path: Path, named: SourceOptions) -> None:
    staff = SourceOptions("https://github.com/acme/docs.git", branch="main", folder="/internal/", audience=STAFF)
    catalog = Catalog((staff, named), tmp_path)
    places = ["margins.md"] if named.folder else ["internal/margins.md", "help.md"]
    fetched(catalog, named, places)

    assert for_staff(scan([named.root], catalog)) == {"margins.md": True} | ({} if named.folder else {"help.md": False})


def test_nobody_gets_to_see_the_password_of_an_address(tmp_path: Path) -> None:
    root = "https://ghp_0123456789@github.com/acme/docs.git"

    found = scan([root], Catalog((), tmp_path))
    assert found.failures == (("https://github.com/acme/docs.git", "was not fetched yet"),)
    assert found.failed(root)

    options = SourceOptions(root)
    fetched(Catalog((), tmp_path), options, ["help.md"])
    Mirror.of(tmp_path, options.root).fail(f"cannot reach {root}")
    assert "ghp_" not in repr(scan([root], Catalog((), tmp_path)).skipped)
