"""A crawl keeps what is worth reading of a site, asks politely, and never takes a failure for a deletion."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.converter import Converter
from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Site, page


@pytest.fixture
def small(site: Site) -> Site:
    site.pages = {
        "/": page("Help", "/billing/refunds", "/login", "#top", "mailto:a@b.example", "javascript:void(0)"),
        "/billing/refunds": page("Refunds", "/", "/billing/prices?utm_source=mail", "https://elsewhere.example/x"),
        "/billing/prices": page("Prices", "/gone"),
    }
    return site


async def test_a_site_is_read_page_by_page(small: Site, crawler: Crawler) -> None:
    options = crawler.options(category="Web", language="en", audience=KnowledgeAudience.STAFF)

    state = await crawler.run(options)

    assert (state.failure, state.problems) == (None, ())
    assert crawler.places(options) == {"/", "/billing/refunds", "/billing/prices"}
    assert max(small.asked.count(path) for path in small.asked) == 1, "tracking parameters make no other page"
    file = crawler.file(options, "/billing/refunds")
    assert (file.category, file.language, file.audience) == ("Web", "en", KnowledgeAudience.STAFF)
    assert file.source == f"{small.address.removeprefix('http://')}/billing/refunds"
    document = Converter().convert(file.path).described_by(file)
    text = "\n".join(block.text for block in document.blocks)
    assert document.title == "Refunds"
    assert "What Refunds says" in text
    assert "menu of the site" not in text
    assert crawler.file(crawler.options(), "/billing/refunds").category == "Billing", "the first folder, as in a folder"
    assert crawler.told[0][0] == 0
    assert crawler.told[-1][0] == len(state.pages)


async def test_what_did_not_change_is_not_sent_again(small: Site, crawler: Crawler) -> None:
    options = crawler.options()
    await crawler.run(options)
    before = {file.url: file.path for file in crawler.scan(options).files}
    small.pages["/billing/prices"] = page("Prices", body="Now ten dollars.")

    await crawler.run(options)

    after = {file.url: file.path for file in crawler.scan(options).files}
    assert sorted(small.conditional) == ["/", "/billing/refunds"]
    changed = {url for url, path in after.items() if before[url] != path}
    assert changed == {f"{small.address}/billing/prices"}
    assert {path.exists() for path in before.values()} == {True}, "whoever reads the old version now can go on"


async def test_a_page_that_is_gone_is_gone(small: Site, crawler: Crawler) -> None:
    options = crawler.options()
    await crawler.run(options)
    small.pages["/billing/prices"] = 410
    small.pages["/"] = page("Help")  # nothing leads to the refunds any more

    state = await crawler.run(options)

    assert state.failure is None
    assert crawler.places(options) == {"/"}


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_a_page_that_fails_keeps_its_last_good_version(small: Site, crawler: Crawler, status: int) -> None:
    options = crawler.options()
    await crawler.run(options)
    small.pages["/billing/refunds"] = status

    state = await crawler.run(options)

    assert crawler.places(options) == {"/", "/billing/refunds", "/billing/prices"}, "nor is what it led to gone"
    [(place, reason)] = state.problems
    assert place.endswith("/billing/refunds")
    assert reason == f"answers {status} (its last good version stays)"
    assert (place, reason) in crawler.scan(options).skipped
    assert small.asked_for("/billing/refunds") == 3, "once before, and twice now: it may have been a moment's trouble"


@pytest.mark.parametrize("status", [404, 410, 500, 403])
async def test_a_site_that_is_away_loses_nothing(small: Site, crawler: Crawler, status: int) -> None:
    options = crawler.options()
    await crawler.run(options)
    small.pages = {"*": status}

    state = await crawler.run(options)

    assert state.failure is not None
    assert str(status) in state.failure
    assert crawler.places(options) == {"/", "/billing/refunds", "/billing/prices"}
    assert any(place == options.root for place, _ in crawler.scan(options).skipped)


async def test_a_site_that_was_never_there_is_a_failed_root(crawler: Crawler) -> None:
    options = crawler.options()
    assert crawler.scan(options).failures == ((options.root, "was not fetched yet"),)

    await crawler.run(options)

    [(root, reason)] = crawler.scan(options).failures
    assert root == options.root
    assert "answers 404" in reason


async def test_a_site_that_fails_from_some_point_on_is_left_in_peace(site: Site, crawler: Crawler) -> None:
    site.pages = {"/": page("Help", *(f"/{number}" for number in range(100))), "*": 500}

    state = await crawler.run(crawler.options())

    assert "in a row" in str(state.failure)
    assert len(site.asked) < 12


async def test_redirects_are_followed_within_the_site_and_circles_end(site: Site, crawler: Crawler) -> None:
    site.pages = {
        "/": page("Help", "/old", "/out", "/a", "/self", "/deep0"),
        "/old": "-> /new",
        "/new": page("New"),
        "/out": "-> https://elsewhere.example/",
        "/a": "-> /b",
        "/b": "-> /a",
        "/self": "-> /self",
        **{f"/deep{number}": f"-> /deep{number + 1}" for number in range(40)},
    }
    options = crawler.options()

    state = await crawler.run(options)

    assert crawler.places(options) == {"/", "/new"}
    assert len(site.asked) < 25
    assert {place.rsplit("/", 1)[1]: reason for place, reason in state.problems} == {
        "b": "leads in a circle",
        "self": "leads in a circle",
        "deep10": "leads in a circle",
    }


@pytest.mark.parametrize("menu", [("/old",), ("/old", "/new"), ("/new", "/old"), ("/older", "/new")])
async def test_a_page_that_moves_to_a_broken_place_stays(site: Site, crawler: Crawler, menu: tuple[str, ...]) -> None:
    """Also where the menu names the new place beside the old one, so that it is not asked for in the old one's place."""
    site.pages = {"/": page("Help", "/old"), "/old": page("Old")}
    options = crawler.options()
    await crawler.run(options)
    site.pages |= {"/": page("Help", *menu), "/older": "-> /old", "/old": "-> /new", "/new": 500}
    await crawler.run(options)
    assert crawler.places(options) == {"/", "/old"}
    site.pages["/new"] = page("New")

    await crawler.run(options)

    assert crawler.places(options) == {"/", "/new"}


async def test_pages_that_lead_to_each_other_are_not_gone(site: Site, crawler: Crawler) -> None:
    names = ("/one", "/two")
    site.pages = {"/": page("Help", *names), **{name: page(name) for name in names}}
    options = crawler.options()
    await crawler.run(options)
    site.pages |= {"/one": "-> /two", "/two": "-> /one"}

    state = await crawler.run(options)

    assert crawler.places(options) == {"/", *names}
    assert {reason for _, reason in state.problems} == {"leads in a circle (its last good version stays)"}


async def test_a_start_that_leads_elsewhere_says_where(site: Site, crawler: Crawler) -> None:
    site.pages = {"/help": "-> https://elsewhere.example/center"}

    state = await crawler.run(crawler.options("/help"))

    assert "https://elsewhere.example/center" in str(state.failure)


async def test_a_start_below_a_folder_reads_that_folder(site: Site, crawler: Crawler) -> None:
    site.pages = {
        "/docs/": page("Docs", "/docs/a/one", "/blog", "../blog", "a/two?print=1", "c/x"),
        "/docs/a/one": page("One"),
        "/docs/a/two?print=1": page("Two"),
        "/docs/c/x": page("X"),
        "/blog": page("Blog"),
    }
    options = crawler.options("/docs/", exclude=("c",))

    await crawler.run(options)

    assert crawler.places(options) == {"/docs/", "/docs/a/one", "/docs/a/two?print=1"}
    assert site.asked_for("/blog") == 0


async def test_depth_and_number_are_limited_on_a_site_without_end(site: Site, crawler: Crawler) -> None:
    async def day(request: web.Request) -> web.Response:
        number = int(request.query.get("day", 0))
        return web.Response(
            text=page(f"Day {number}", f"/?day={number + 1}", f"/a{request.path}"), content_type="text/html"
        )

    site.pages = {"*": day}
    deep = crawler.options(depth=3)
    await crawler.run(deep)
    assert len(crawler.places(deep)) <= 12
    site.asked.clear()
    wide = crawler.options(depth=1000, most_pages=30, exclude=("nothing",))

    state = await crawler.run(wide)

    assert len(site.asked) == 30
    assert any("most_pages" in reason for _, reason in state.problems)


async def test_robots_txt_is_obeyed(small: Site, crawler: Crawler) -> None:
    small.robots = "User-agent: *\nDisallow: /\n\nUser-agent: switchboard\nDisallow: /billing/pr*s\nCrawl-delay: 7\n"
    options = crawler.options()

    await crawler.run(options)

    assert crawler.places(options) == {"/", "/billing/refunds"}
    assert small.asked_for("/billing/prices") == 0
    assert crawler.clock.slept == [7.0] * (len(small.asked) - 1), "the site's own pause, on the clock"


async def test_a_polite_pause_lies_between_requests(small: Site, crawler: Crawler) -> None:
    await crawler.run(crawler.options(pause=2.5))

    assert crawler.clock.slept == [2.5] * (len(small.asked) - 1)


async def test_a_server_that_asks_for_patience_gets_it(small: Site, crawler: Crawler) -> None:
    async def later(request: web.Request) -> web.Response:
        if small.asked_for("/billing/refunds") == 1:
            return web.Response(status=503, headers={"Retry-After": "20"})
        return web.Response(text=page("Refunds"), content_type="text/html")

    small.pages["/billing/refunds"] = later
    options = crawler.options()

    state = await crawler.run(options)

    assert state.problems == ()
    assert 20.0 in crawler.clock.slept


@pytest.mark.parametrize(
    ("robots", "reason"), [("User-agent: *\nDisallow: /", "does not allow"), (503, "robots.txt answers 503")]
)
async def test_a_site_that_closes_itself_keeps_what_was_read(
    small: Site, crawler: Crawler, robots: str | int, reason: str
) -> None:
    options = crawler.options()
    await crawler.run(options)
    small.robots, small.asked = robots, []

    state = await crawler.run(options)

    assert reason in str(state.failure)
    assert small.asked == []
    assert len(crawler.places(options)) == 3


async def test_no_robots_txt_allows_all(small: Site, crawler: Crawler) -> None:
    small.robots = 404

    state = await crawler.run(crawler.options())

    assert len(state.pages) == 3


async def test_what_pages_ask_of_crawlers(site: Site, crawler: Crawler) -> None:
    async def header(request: web.Request) -> web.Response:
        return web.Response(
            text=page("Secret by header"), content_type="text/html", headers={"X-Robots-Tag": "otherbot: all, noindex"}
        )

    site.pages = {
        "/": page("Help", "/hidden", "/dead-end", "/header", "/print/a", "/a", "/moved"),
        "/hidden": page("Hidden", "/behind", head='<meta name="robots" content="noindex">'),
        "/behind": page("Behind"),
        "/dead-end": page("Dead end", "/unseen", head='<meta name="ROBOTS" content="NOFOLLOW">'),
        "/unseen": page("Unseen"),
        "/header": header,
        "/a": page("A", "/b", head='<link rel="canonical" href="/a">'),
        "/print/a": page("A for printing", head='<link rel="canonical" href="/a">'),
        "/b": page("B", head='<link rel="canonical" href="/">'),
        "/moved": page("Moved", head='<meta http-equiv="refresh" content="0; url=/target">'),
        "/target": page("Target"),
    }
    options = crawler.options()

    await crawler.run(options)

    assert crawler.places(options) == {"/", "/behind", "/dead-end", "/a", "/b", "/target"}


async def test_documents_beside_pages_are_read(site: Site, crawler: Crawler) -> None:
    async def markdown(request: web.Request) -> web.Response:
        return web.Response(text="# Terms\n\nThirty days.", content_type="text/plain")

    async def data(request: web.Request) -> web.Response:
        return web.json_response({"a": 1})

    site.pages = {"/": page("Help", "/terms.md", "/data.json"), "/terms.md": markdown, "/data.json": data}
    options = crawler.options()
    await crawler.run(options)
    assert crawler.places(options) == {"/", "/terms.md"}, "data that a page leads to is for programs"
    named = crawler.options("/data.json")

    await crawler.run(named)

    assert crawler.places(named) == {"/data.json"}, "data that somebody named is meant"


async def test_a_run_that_was_cut_off_goes_on_where_it_was(site: Site, crawler: Crawler) -> None:
    reached = asyncio.Event()

    async def stuck(request: web.Request) -> web.Response:
        reached.set()
        await site.closing.wait()
        return web.Response()

    site.pages = {
        "/": page("Help", "/one", "/two", "/three"),
        "/one": page("One"),
        "/two": stuck,
        "/three": page("Three"),
    }
    options = crawler.options()
    run = asyncio.create_task(crawler.run(options))
    await reached.wait()
    assert crawler.places(options) == {"/", "/one"}, "what is there can be read while the crawl goes on"
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    site.pages["/two"] = page("Two")
    site.asked.clear()

    state = await crawler.run(options)

    assert site.asked == ["/two", "/three"]
    assert len(state.pages) == 4
    site.asked.clear()
    await crawler.run(options)
    assert len(site.asked) == 4, "a run that is whole is asked for anew"
