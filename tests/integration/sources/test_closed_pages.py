"""A page that was public and asks for a login now is not for customers any more; a server that lets nobody in closes nothing."""

from __future__ import annotations

import pytest
from aiohttp import web

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources import SourceOptions
from tests.integration.sources.conftest import Crawler
from tests.integration.sources.site import Handler, Site, page


@pytest.fixture
def options(site: Site, crawler: Crawler) -> SourceOptions:
    site.pages = {
        "/": page("Help", "/prices", "/refunds"),
        "/prices": page("Prices", "/discounts"),
        "/refunds": page("Refunds"),
        "/discounts": page("Discounts"),
    }
    return crawler.options()


def public(crawler: Crawler, options: SourceOptions) -> dict[str, bool]:
    found = {str(file.url).removeprefix(crawler.site.address): file for file in crawler.scan(options).files}
    return {path: file.audience is not KnowledgeAudience.STAFF for path, file in found.items()}


def then_closed(content: str, after: int) -> Handler:
    """A page that so many may see before it is closed."""
    left = [after]

    async def answer(request: web.Request) -> web.Response:
        left[0] -= 1
        if left[0] < 0:
            return web.Response(status=403)
        return web.Response(text=content, content_type="text/html")

    return answer


@pytest.mark.parametrize("status", [401, 402, 403, 451])
async def test_a_page_behind_a_login_is_closed_at_once_and_then_gone(
    site: Site, crawler: Crawler, options: SourceOptions, status: int
) -> None:
    await crawler.run(options)
    site.pages["/prices"] = status

    closed = await crawler.run(options)

    assert closed.failure is None
    assert public(crawler, options) == {"/": True, "/prices": False, "/refunds": True, "/discounts": True}
    [(place, reason)] = closed.problems
    assert place.endswith("/prices")
    assert reason == f"answers {status} (from now on its last version is for staff; next time it is gone)"

    site.pages["/"] = page("Help", "/prices", "/refunds", "/discounts")
    gone = await crawler.run(options)

    assert gone.failure is None
    assert public(crawler, options) == {"/": True, "/refunds": True, "/discounts": True}
    assert [reason for _, reason in gone.problems] == [f"answers {status}, as it did before: it is gone"]


async def test_a_page_that_is_opened_again_is_public_again(
    site: Site, crawler: Crawler, options: SourceOptions
) -> None:
    await crawler.run(options)
    before = site.pages["/prices"]
    site.pages["/prices"] = 403
    await crawler.run(options)
    site.pages["/prices"] = 500
    await crawler.run(options)
    assert public(crawler, options)["/prices"] is False, "nobody has seen it open since"
    site.pages["/prices"], site.conditional = before, []

    await crawler.run(options)

    assert "/prices" in site.conditional, "and it has not changed"
    assert all(public(crawler, options).values())


async def test_a_moment_of_refusal_closes_nothing(site: Site, crawler: Crawler, options: SourceOptions) -> None:
    await crawler.run(options)

    async def answer(request: web.Request) -> web.Response:
        refused = site.asked_for("/prices") == 2
        return web.Response(status=403) if refused else web.Response(text=page("Prices"), content_type="text/html")

    site.pages["/prices"] = answer
    state = await crawler.run(options)

    assert state.problems == ()
    assert all(public(crawler, options).values())


async def test_a_server_that_lets_nobody_in_any_more_closes_nothing(site: Site, crawler: Crawler) -> None:
    """Such as a firewall that has seen enough of us: what it showed a moment ago it refuses as well."""
    names = [f"/{number}" for number in range(60)]
    start = page("Help", *names)
    site.pages = {"/": start, **{name: page(name) for name in names}}
    options = crawler.options()
    await crawler.run(options)
    site.pages = {"/": then_closed(start, after=1), "/0": then_closed(page("/0"), after=1), "*": 403}
    site.asked.clear()

    state = await crawler.run(options)

    assert "answers 403 now" in str(state.failure)
    assert len(public(crawler, options)) == 61
    assert all(public(crawler, options).values())
    assert len(site.asked) < 12, "and it is left in peace"


async def test_one_page_is_proof_enough_that_we_are_let_in(site: Site, crawler: Crawler) -> None:
    names = [f"/{number}" for number in range(20)]
    site.pages = {"/": page("Help", *names), **{name: page(name) for name in names}}
    options = crawler.options()
    await crawler.run(options)
    site.pages |= dict.fromkeys(names, 403)

    state = await crawler.run(options)

    assert state.failure is None
    assert public(crawler, options) == {"/": True, **dict.fromkeys(names, False)}
