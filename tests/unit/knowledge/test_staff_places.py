"""What lies in a source for staff is for staff by whatever route somebody comes to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources import Catalog, Scan, SourceOptions, identity_of, scan
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


def fetched(
    catalog: Catalog, options: SourceOptions, places: Sequence[str], address: str | None = None, at: float | None = None
) -> None:
    """As if these places had been fetched, at this time since 1970."""
    mirror = catalog.mirror(options)
    assert mirror is not None
    with mirror.fetching() as draft:
        pages = {}
        for place in places:
            url = f"{address}{place}" if address else None
            key = url or place
            pages[key] = Page(draft.keep(place.encode(), "page.html"), f"name/{place}", place, url)
        finished_at = None if at is None else datetime.fromtimestamp(at, UTC).isoformat()
        draft.finish(State(pages, listed=tuple(pages), finished_at=finished_at))


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


@pytest.mark.parametrize(
    "path",
    [
        "//internal/margins",
        "/internal//margins",
        "/Internal/margins",
        "/internal;v=1/margins",
        "/internal%2Fmargins",
        "/%2569nternal/margins",
        "/internal%5Cmargins",
        "/help%2F..%2Finternal%2Fmargins",
        "/help/..;/internal/margins",
        "/internal./margins",
        "/\uff49nternal/margins",
    ],
)
def test_another_spelling_of_an_address_opens_nothing(tmp_path: Path, path: str) -> None:
    """What servers take for the same page, without a redirect."""
    site = SourceOptions(f"{SITE}/internal/", audience=STAFF)
    catalog = Catalog((site, SourceOptions(SITE)), tmp_path)
    staff = catalog.staff()

    assert staff.hold_address(f"{SITE}{path}")
    assert not staff.hold_address(f"{SITE}{path.replace('nternal', 'nternals')}")

    listed = SourceOptions(f"{SITE}/sitemap.xml", audience=STAFF)
    fetched(catalog, listed, ["/internal/margins"], SITE)
    assert Catalog((listed,), tmp_path).staff().hold_address(f"{SITE}{path}")


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("/prices/index.html", True),
        ("/prices.html", True),
        ("/prices?print=1", True),
        ("/Prices/?print=1", True),
        ("/prices/of/last/year", False),
        ("/page?lang=en&id=5", True),
        ("/page?id=5&lang=en&print=1", True),
        ("/page?id=55&lang=en", False),
        ("/page", False),
        ("/index.php", True),
        ("/?p=12", False),
    ],
)
def test_a_page_for_staff_in_other_words(tmp_path: Path, address: str, held: bool) -> None:
    """A parameter more shows the same page in another way; the start alone often is what shows every page of a site."""
    listed = SourceOptions(f"{SITE}/sitemap.xml", audience=STAFF)
    catalog = Catalog((listed,), tmp_path)
    fetched(catalog, listed, ["/prices", "/page?id=5&lang=en", "/"], SITE)

    assert catalog.staff().hold_address(f"{SITE}{address}") is held


def test_what_a_staff_site_leaves_out_is_not_in_it(tmp_path: Path) -> None:
    options = SourceOptions(f"{SITE}/internal/", audience=STAFF, exclude=("Open/*", "*.pdf"))
    staff = Catalog((options,), tmp_path).staff()

    held = {
        path: staff.hold_address(f"{SITE}/{path}") for path in ("internal/Open/a", "Internal//Open/a", "INTERNAL/b")
    }
    assert held == {"internal/Open/a": False, "Internal//Open/a": False, "INTERNAL/b": True}
    assert not staff.hold_address(f"{SITE}/internal/a.pdf")


def test_further_hosts_of_a_staff_site(tmp_path: Path) -> None:
    options = SourceOptions(f"{SITE}/internal/", audience=STAFF, hosts=("wiki.example.com",), exclude=("open/*",))
    staff = Catalog((options,), tmp_path).staff()

    assert staff.hold_address("https://wiki.example.com/never-fetched")
    assert staff.hold_address("https://wiki.example.com//Never-fetched")
    assert not staff.hold_address("https://wiki.example.com/open/a")
    assert not staff.hold_address("https://help.example.com/internal/a")


def test_pages_of_a_third_partys_source_for_staff(tmp_path: Path) -> None:
    """Where people read its documents, a public crawl may come by."""
    wiki = SourceOptions("wiki://internal", audience=STAFF)
    public = SourceOptions("https://wiki.example.com/")
    catalog = Catalog((wiki, public), tmp_path)
    fetched(catalog, wiki, ["/secret"], "https://wiki.example.com")
    fetched(catalog, public, ["/secret", "/help"], "https://wiki.example.com")

    assert for_staff(scan([public.root], catalog)) == {"secret": True, "help": False}


@pytest.mark.parametrize("address", [f"{SITE}/internal-sitemap.xml", f"{SITE}/internal.pdf", "wiki://internal"])
def test_an_old_copy_of_what_is_for_staff_opens_nothing(tmp_path: Path, address: str) -> None:
    """Another machine has read it since, and closed what it lists now; this one has not heard of these pages."""
    staff, public = SourceOptions(address, audience=STAFF), SourceOptions(SITE)
    catalog = Catalog((staff, public), tmp_path)
    fetched(catalog, staff, ["/old"], SITE, at=100.0)
    fetched(catalog, public, ["/old", "/new"], SITE, at=300.0)
    elsewhere = Catalog((staff, SourceOptions("https://else.example")), tmp_path)
    fetched(elsewhere, SourceOptions("https://else.example"), ["/x"], "https://else.example", at=300.0)

    found = scan([public.root], catalog, {identity_of(staff.root): 200.0})

    [(_, reason)] = found.failures
    assert "is for staff, and the copy on this machine is older than what is in the index" in reason
    assert not scan([public.root], catalog, {identity_of(staff.root): 100.0}).failures
    assert not scan(["https://else.example"], elsewhere, {identity_of(staff.root): 200.0}).failures


def test_what_another_machine_alone_has_read_for_staff_may_lie_anywhere(tmp_path: Path) -> None:
    wiki, public = SourceOptions("wiki://internal", audience=STAFF), SourceOptions(SITE)
    catalog = Catalog((wiki, public), tmp_path)
    fetched(catalog, public, ["/help"], SITE, at=300.0)
    elsewhere = {identity_of(wiki.root): 200.0}

    assert "wiki://internal is for staff" in scan([public.root], catalog, elsewhere).failures[0][1]
    assert catalog.staff().lists_beside(public, unread=True) == [wiki]
    assert catalog.staff().lists_beside(public) == []

    broken = SourceOptions("https://user:password@example.com/sitemap.xml", audience=STAFF)
    assert not scan([public.root], Catalog((broken, public), tmp_path)).failures, "no page can be there"

    fetched(catalog, wiki, ["secret"], at=100.0)
    assert not scan([public.root], catalog, elsewhere).failures, "its documents are nowhere on the web"
    assert catalog.staff().lists_beside(public, unread=True) == []


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


def test_what_a_crawl_has_brought_is_not_opened_before_the_list_beside_it_was_read_again(tmp_path: Path) -> None:
    """Nor as long as it is under way: it may take hours, and the list was read before it began."""
    listed, site = SourceOptions(f"{SITE}/internal-sitemap.xml", audience=STAFF), SourceOptions(f"{SITE}/")
    catalog = Catalog((listed, site), tmp_path)
    mirror = catalog.mirror(site)
    assert mirror is not None
    fetched(catalog, listed, ["/margins"], SITE, at=1000.0)
    fetched(catalog, site, ["/help"], SITE, at=2000.0)
    assert for_staff(scan([site.root], catalog)) == {"help": False}

    with mirror.fetching() as draft:
        [(address, known)] = draft.before.visited.items()
        draft.note(address, known)
        assert for_staff(scan([site.root], catalog)) == {"help": False}, "it has not changed"
        draft.note(f"{SITE}/new", Page(draft.keep(b"new", "page.html"), "name/new", "new", f"{SITE}/new"))
        assert [reason for _, reason in scan([site.root], catalog).failures]
        draft.finish(State(draft.done), at=3000.0)
    [(_, reason)] = scan([site.root], catalog).failures
    assert "was read before the last changes of this site were" in reason

    fetched(catalog, listed, ["/margins", "/new"], SITE, at=3001.0)
    assert for_staff(scan([site.root], catalog)) == {"help": False, "new": True}
