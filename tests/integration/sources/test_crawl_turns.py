"""A site is asked by one crawl at a time: of two hubs with one database, of a hub and a command, of two sources in one hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from config.knowledge.crawl_turns import CrawlTurns, turns_of
from config.processes.election import Election
from core.clock import SystemClock
from core.storage.store import SqlStore
from knowledge.sources import Catalog, SourceOptions
from knowledge.sources.refresh import Refresh
from tests.integration.sources.site import Site, page


class Noticed:
    """The leases of a database, and whether somebody had to wait."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.waited = asyncio.Event()

    async def hold(self, name: str, holder: str, seconds: float) -> bool:
        """See Leases.hold."""
        held = await self._store.hold(name, holder, seconds)
        if not held:
            self.waited.set()
        return held

    async def let_go(self, name: str, holder: str) -> None:
        """See Leases.let_go."""
        await self._store.let_go(name, holder)


@pytest.fixture
async def hubs(postgres_url: str) -> AsyncIterator[list[Noticed]]:
    """Two, each with its own connection to one database."""
    async with AsyncExitStack() as open_stores:
        found = []
        for _ in range(2):
            store = SqlStore(postgres_url, SystemClock())
            await store.open()
            open_stores.push_async_callback(store.close)
            found.append(Noticed(store))
        yield found


async def test_two_hubs_do_not_crawl_a_site_at_one_time(site: Site, hubs: list[Noticed], tmp_path: Path) -> None:
    """Each has a DATA_DIR, and so an index, of its own."""
    began, go_on = asyncio.Event(), asyncio.Event()
    under_way: list[int] = []

    async def slow(request: web.Request) -> web.Response:
        under_way.append(len(under_way))
        began.set()
        await go_on.wait()
        return web.Response(text=page("Help"), content_type="text/html")

    site.pages = {"/": slow}
    options = SourceOptions(f"{site.address}/", pause=0.0)
    first, second = (
        Refresh(Catalog((options,), tmp_path / f"hub-{number}")).run(
            [options.root], turn=CrawlTurns(Election(leases, f"hub {number}")).hold
        )
        for number, leases in enumerate(hubs)
    )
    one = asyncio.create_task(first)
    await began.wait()
    other = asyncio.create_task(second)
    await hubs[1].waited.wait()
    assert site.asked_for("/") == 1, "the other hub waits while the first one asks"
    go_on.set()
    results = [*await one, *await other]
    assert [(result.failure, result.documents) for result in results] == [(None, 1), (None, 1)]
    assert site.asked_for("/") == 2


async def test_two_sources_of_a_host_wait_for_each_other_and_others_do_not() -> None:
    turns = CrawlTurns(Election())
    docs, blog = SourceOptions("https://www.example.com/docs/"), SourceOptions("http://example.com/blog/")
    elsewhere = SourceOptions("https://example.org/")
    done: list[str] = []

    async def crawl(options: SourceOptions) -> None:
        async with turns.hold(options):
            done.append(options.address)

    async with turns.hold(docs):
        waiting = asyncio.create_task(crawl(blog))
        await asyncio.create_task(crawl(elsewhere))
        assert done == [elsewhere.address]
        assert not waiting.done()
    await waiting
    assert done == [elsewhere.address, blog.address]


async def test_what_one_task_of_a_hub_ends_another_still_holds(hubs: list[Noticed]) -> None:
    """A lease is the process's: the first of two tasks must not give it away under the second."""
    turns, other = CrawlTurns(Election(hubs[0], "hub 0")), Election(hubs[1], "hub 1")
    docs = SourceOptions("https://example.com/docs/")
    second_has_it, end = asyncio.Event(), asyncio.Event()

    async def second() -> None:
        async with turns.hold(docs):
            second_has_it.set()
            await end.wait()

    async with turns.hold(docs):
        task = asyncio.create_task(second())
        await asyncio.sleep(0)
    await second_has_it.wait()
    assert not await other.won(*turns_of(docs), 1.0)
    end.set()
    await task
    assert await other.won(*turns_of(docs), 1.0)


def test_a_turn_is_of_each_host_that_a_crawl_may_enter() -> None:
    site = SourceOptions("https://www.example.com/", hosts=("docs.example.com", "example.com"))
    assert turns_of(site) == ("crawl of docs.example.com", "crawl of example.com")
    [repository] = turns_of(SourceOptions("https://me:secret@example.com/docs.git"))
    assert repository.startswith("fetch of ")
    assert "secret" not in repository


async def test_who_may_enter_a_host_by_a_pattern_waits_for_who_names_it() -> None:
    wide = SourceOptions("https://www.example.com/", hosts=("*.example.com",))
    docs, shop = SourceOptions("https://docs.example.com/"), SourceOptions("https://shop.example.org/")
    turns = CrawlTurns(Election(), (docs, wide, shop))
    done: list[str] = []

    async def crawl(options: SourceOptions) -> None:
        async with turns.hold(options):
            done.append(options.address)

    async with turns.hold(docs):
        waiting = asyncio.create_task(crawl(wide))
        await asyncio.create_task(crawl(shop))
        assert not waiting.done()
    await waiting
    assert done == [shop.address, wide.address]
