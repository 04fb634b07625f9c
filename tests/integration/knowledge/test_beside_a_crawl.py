"""What lies on this machine is read when it is asked for, also while the run of the start still crawls a site."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from core.domain.jobs import JobState
from core.storage.store import SqlStore
from knowledge.sources import identity_of
from knowledge.sources.refresh import Refresh, Refreshed
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.knowledge.scheduled_hub import DOCS, HOUR, Hub, every
from tests.unit.core.eventually import eventually

SITE = "https://help.example.com/"


class Crawl:
    """Implements what is used of Refresh: it is over when somebody says so."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def remote(self, roots: Sequence[str]) -> list[str]:
        """Addresses."""
        return [root for root in roots if root.startswith("https://")]

    async def run(self, roots: Sequence[str], *_: object) -> list[Refreshed]:
        """Takes hours."""
        await self.over.wait()
        return [Refreshed(root, True, 1) for root in roots]


async def test_a_folder_is_read_when_it_is_asked_for_and_when_its_time_has_come(sqlite_url: str) -> None:
    clock = ManualClock()
    store = SqlStore(sqlite_url, clock, server_clock=False)
    await store.open()
    hub, crawl = Hub(store, clock, every("0 * * * *", DOCS, SITE), "p0"), Crawl()
    hub.fake_knowledge.refresh = cast("Refresh", crawl)
    await hub.indexing.start()
    hub.scheduler.start()

    async def states() -> dict[str, JobState]:
        return {job.source: job.state for job in await store.jobs("shared")}

    async def only_the_site_is_under_way() -> bool:
        return await states() == {DOCS: JobState.DONE, SITE: JobState.RUNNING}

    await eventually(only_the_site_is_under_way)
    await store.ask_jobs([identity_of(DOCS)], "a push")
    await eventually(lambda: hub.fake_knowledge.seen == [(DOCS, SITE), (DOCS,)])
    clock.move(HOUR)
    await eventually(lambda: hub.fake_knowledge.seen == [(DOCS, SITE), (DOCS,), (DOCS,)])
    await eventually(only_the_site_is_under_way)
    crawl.over.set()
    await hub.indexing.first_run()
    assert hub.fake_knowledge.seen[3] == (SITE,)
    assert (DOCS, SITE) in hub.fake_knowledge.seen[4:], "what came may say of other sources what is for whom"

    async def nothing_is_under_way() -> bool:  # the site's own hour has struck as well
        return await states() == {DOCS: JobState.DONE, SITE: JobState.DONE}

    await eventually(nothing_is_under_way)
    await hub.scheduler.stop()
    await hub.indexing.stop()
    await store.close()
