"""Sources are read again when their time has come: by one of several hubs, once for all that was missed, and to the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from core.domain.errors import KnowledgeUnavailable
from core.domain.jobs import JobState
from core.domain.knowledge import IndexProgress, SourceReport
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from knowledge.sources import identity_of
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.knowledge.scheduled_hub import DOCS, HOUR, SITE, Hub, every
from tests.unit.core.eventually import eventually


@pytest.fixture
def clock() -> ManualClock:
    """It is nine o'clock, and nobody sleeps."""
    return ManualClock()


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless the test asks for both."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def stores(database_url: str, clock: ManualClock) -> AsyncIterator[list[SqlStore]]:
    """Two processes' connections to one database."""
    await migrate(database_url)
    both = [SqlStore(database_url, clock, server_clock=False) for _ in range(2)]
    for store in both:
        await store.open()
    yield both
    for store in both:
        await store.close()


@pytest.fixture
def hubs(stores: list[SqlStore], clock: ManualClock) -> list[Hub]:
    """Both read the same two folders, every hour on the hour."""
    return [Hub(store, clock, every("0 * * * *", DOCS, SITE), f"p{n}") for n, store in enumerate(stores)]


@BOTH_DATABASES
async def test_of_two_hubs_one_reads_a_source_and_each_source_by_itself(hubs: list[Hub], clock: ManualClock) -> None:
    assert [await hub.tick() for hub in hubs] == [0, 0]
    clock.move(HOUR)
    assert sum(await asyncio.gather(*(hub.tick() for hub in hubs))) == 2
    assert sorted([*hubs[0].fake_knowledge.seen, *hubs[1].fake_knowledge.seen]) == [(DOCS,), (SITE,)]
    assert [await hub.tick() for hub in hubs] == [0, 0]
    job = await hubs[0].job()
    assert (job.state, job.report) == (JobState.DONE, SourceReport(job.id, 1, 2))
    assert job.next_run_at == datetime(2026, 11, 21, 11, tzinfo=UTC).timestamp()


async def test_what_was_missed_is_done_once(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(50 * HOUR + 60)
    assert await hubs[0].tick() == 2
    assert await hubs[0].tick() == 0
    assert (await hubs[0].job()).next_run_at == clock.now().timestamp() + HOUR - 60


async def test_a_clock_that_was_ahead_for_a_moment_puts_no_time_off(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(5 * 365 * 24 * HOUR)
    assert await hubs[0].tick() == 2
    clock.move(-5 * 365 * 24 * HOUR)
    assert [await hub.tick() for hub in hubs] == [0, 0]
    assert (await hubs[0].job()).next_run_at == clock.now().timestamp() + HOUR
    clock.move(HOUR)
    assert [await hub.tick() for hub in hubs] == [2, 0]


async def test_a_hub_whose_clock_is_seconds_behind_does_not_do_it_again(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(HOUR)
    assert await hubs[0].tick() == 2
    clock.move(-30)
    assert await hubs[1].tick() == 0
    clock.move(30)
    assert await hubs[1].tick() == 0


@BOTH_DATABASES
async def test_what_a_killed_hub_was_doing_another_takes_up_and_says_so(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(HOUR)
    for hub in hubs:
        hub.fake_knowledge.gate.clear()
    dead = hubs[0]
    assert await dead.scheduler.once() == 2
    await eventually(
        lambda: sorted(dead.fake_knowledge.seen) == [(DOCS,), (SITE,)] or len(dead.fake_knowledge.seen) == 1
    )

    async def told() -> bool:
        return (await hubs[1].job()).progress is not None or (await hubs[1].job(SITE)).progress is not None

    await eventually(told)
    clock.move(29)
    assert await hubs[1].scheduler.once() == 0, "while it gives signs of life"
    dead.cable.cut = True

    hubs[1].fake_knowledge.gate.set()
    interrupted: set[str] = set()
    taken_up = 0

    async def all_taken_up() -> bool:
        """A sign of life that was on its way when the cable was cut counts, by the clock of the moment when it arrives."""
        nonlocal taken_up
        clock.move(31)
        interrupted.update(
            job.source for job in await hubs[1].store.jobs("shared") if job.state is JobState.INTERRUPTED
        )
        taken_up += await hubs[1].tick()
        return taken_up == 2

    await eventually(all_taken_up)
    assert interrupted == {DOCS, SITE}, "said before anybody takes it up"
    jobs = await hubs[1].store.jobs("shared")
    assert {job.state for job in jobs} == {JobState.DONE}
    assert all(job.cut_off_at is not None for job in jobs)
    dead.cable.cut = False
    dead.fake_knowledge.fault = KnowledgeUnavailable("too late")
    dead.fake_knowledge.gate.set()
    await dead.scheduler.idle()
    assert {job.state for job in await hubs[1].store.jobs("shared")} == {JobState.DONE}, (
        "a zombie's word counts no more"
    )


async def test_a_hub_that_stops_leaves_its_run_to_the_next_at_once(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(HOUR)
    hubs[0].fake_knowledge.gate.clear()
    assert await hubs[0].scheduler.once() == 2
    await eventually(lambda: bool(hubs[0].fake_knowledge.seen))
    await hubs[0].scheduler.stop()
    assert {job.state for job in await hubs[0].store.jobs("shared")} == {JobState.INTERRUPTED}
    assert await hubs[1].tick() == 2
    assert (await hubs[1].job()).cut_off_at == clock.now().timestamp()


async def test_a_run_that_fails_says_why_and_comes_again_in_its_time(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(HOUR)
    hubs[0].fake_knowledge.fault = KnowledgeUnavailable("CHROMA_URL does not answer")
    assert await hubs[0].tick() == 2
    job = await hubs[0].job()
    assert (job.state, job.error) == (JobState.FAILED, "CHROMA_URL does not answer")
    assert await hubs[0].tick() == 0
    hubs[0].fake_knowledge.fault = None
    clock.move(HOUR)
    assert await hubs[0].tick() == 2
    assert ((await hubs[0].job()).state, (await hubs[0].job()).error) == (JobState.DONE, "")


async def test_a_source_that_cannot_be_read_has_failed_and_one_of_its_documents_has_not(
    hubs: list[Hub], clock: ManualClock
) -> None:
    await hubs[0].tick()
    clock.move(HOUR)
    hubs[0].fake_knowledge.failures = ((DOCS, "there is no such file or folder"),)
    await hubs[0].tick()
    assert (await hubs[0].job(DOCS)).state is JobState.FAILED
    assert (await hubs[0].job(DOCS)).error == "there is no such file or folder"
    assert (await hubs[0].job(SITE)).state is JobState.DONE
    assert (await hubs[0].job(SITE)).report == SourceReport(identity_of(SITE), 1, 2, 0, hubs[0].fake_knowledge.failures)


@BOTH_DATABASES
async def test_many_who_ask_during_a_run_get_one_run_after_it(hubs: list[Hub], clock: ManualClock) -> None:
    hub = hubs[0]
    await hub.tick()
    hub.fake_knowledge.gate.clear()
    await hub.store.ask_jobs([identity_of(DOCS)])
    assert await hub.scheduler.once() == 1
    await eventually(lambda: hub.fake_knowledge.seen == [(DOCS,)])
    for _ in range(5):
        await hubs[1].store.ask_jobs([identity_of(DOCS)])
        assert await hub.scheduler.once() == 0
        assert await hubs[1].scheduler.once() == 0
    hub.fake_knowledge.gate.set()
    await hub.scheduler.idle()
    assert await hub.tick() == 1
    assert hub.fake_knowledge.seen == [(DOCS,), (DOCS,)]
    assert await hub.tick() == 0


async def test_what_was_asked_for_is_done_although_it_failed_at_first(
    stores: list[SqlStore], clock: ManualClock
) -> None:
    """The forge's second delivery of a push is refused: nobody asks again."""
    hub = Hub(stores[0], clock, every("none", DOCS), "p0")
    await hub.tick()
    hub.fake_knowledge.fault = KnowledgeUnavailable("the database was away for a second")
    assert await stores[1].ask_jobs([identity_of(DOCS)], "delivery") == 1
    assert [await hub.tick() for _ in range(3)] == [1, 0, 0]
    hub.fake_knowledge.fault = None
    clock.move(60)
    assert [await hub.tick() for _ in range(2)] == [1, 0]
    assert (await hub.job()).state is JobState.DONE
    clock.move(50 * HOUR)
    assert await hub.tick() == 0


async def test_the_run_of_the_start_is_shown_of_each_source(hubs: list[Hub], clock: ManualClock) -> None:
    hub = hubs[0]
    hub.fake_knowledge.gate.clear()
    await hub.indexing.start()

    async def under_way() -> bool:
        jobs = await hub.store.jobs("shared")
        return len(jobs) == 2 and all(job.progress is not None for job in jobs)

    await eventually(under_way)
    for root in (DOCS, SITE):
        job = await hub.job(root)
        assert job.state is JobState.RUNNING
        assert job.progress == IndexProgress(3, 9, "a.md", together=True)
    hub.fake_knowledge.gate.set()
    await hub.indexing.first_run()
    assert {job.state for job in await hub.store.jobs("shared")} == {JobState.DONE}
    assert hub.fake_knowledge.seen == [(DOCS, SITE)]
    await hub.indexing.stop()


async def test_the_run_of_the_start_makes_good_what_was_missed(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].tick()
    clock.move(50 * HOUR + 60)
    await hubs[1].indexing.start()
    await hubs[1].indexing.first_run()
    assert await hubs[1].tick() == 0
    assert hubs[1].fake_knowledge.seen == [(DOCS, SITE)]
    clock.move(HOUR - 60)
    assert await hubs[1].tick() == 2
    await hubs[1].indexing.stop()


async def test_a_command_is_shown_of_the_sources_that_it_is_about(hubs: list[Hub], clock: ManualClock) -> None:
    await hubs[0].indexing.run([SITE])
    assert ((await hubs[0].job()).state, (await hubs[0].job(SITE)).state) == (JobState.NEW, JobState.DONE)
    await hubs[0].indexing.run(["/srv/another"])
    assert (await hubs[0].job()).state is JobState.NEW


async def test_sources_that_are_configured_no_more_have_no_jobs(stores: list[SqlStore], clock: ManualClock) -> None:
    await Hub(stores[0], clock, every("0 * * * *", DOCS, SITE), "p0").tick()
    await Hub(stores[1], clock, every("none", SITE), "p1").tick()
    (job,) = await stores[0].jobs("shared")
    assert (job.source, job.next_run_at) == (SITE, None)


async def test_a_hub_that_is_never_started_anew_keeps_its_sources(stores: list[SqlStore], clock: ManualClock) -> None:
    hub = Hub(stores[0], clock, every("none", DOCS), "p0")
    await hub.indexing.run([DOCS])
    before = await hub.job()
    for _ in range(40):
        clock.move(24 * HOUR)
        await hub.tick()
    await stores[1].plan_jobs("another index", [])
    assert await hub.job() == before


async def test_a_command_with_other_sources_takes_no_schedule_from_a_hub(
    stores: list[SqlStore], clock: ManualClock
) -> None:
    """A container that indexes beside the hub, or a laptop, need not know all that the hub reads."""
    hub = Hub(stores[0], clock, every("0 * * * *", DOCS, SITE), "p0")
    await hub.tick()
    command = Hub(stores[1], clock, every("0 * * * *", SITE, "/srv/another"), "command", plans=False)

    await command.indexing.run([SITE])

    assert {job.source for job in await stores[0].jobs("shared")} == {DOCS, SITE, "/srv/another"}
    assert (await hub.job(SITE)).state is JobState.DONE
    clock.move(HOUR)
    assert await hub.tick() == 2
    assert await stores[1].ask_jobs([identity_of(DOCS)]) == 1


async def test_a_command_keeps_the_times_of_a_hub_with_another_schedule(
    stores: list[SqlStore], clock: ManualClock
) -> None:
    hub = Hub(stores[0], clock, every("0 * * * *", DOCS), "p0")
    await hub.tick()
    before = await hub.job()

    await Hub(stores[1], clock, every("none", DOCS), "command", plans=False).indexing.run([DOCS])

    after = await hub.job()
    assert (after.schedule, after.next_run_at) == (before.schedule, before.next_run_at)


async def test_of_two_hubs_with_different_sources_each_reads_its_own(
    stores: list[SqlStore], clock: ManualClock
) -> None:
    """The folder of one machine is not on the other."""
    first = Hub(stores[0], clock, every("0 * * * *", DOCS, SITE), "p0")
    await first.tick()
    second = Hub(stores[1], clock, every("0 * * * *", SITE), "p1")
    await second.tick()

    await first.tick()
    await second.tick()
    clock.move(HOUR)

    assert sum([await second.tick(), await first.tick()]) == 2
    assert sorted([*first.fake_knowledge.seen, *second.fake_knowledge.seen]) == [(DOCS,), (SITE,)]


async def test_a_loop_reads_what_is_asked_for_and_ends(hubs: list[Hub]) -> None:
    hub = hubs[0]
    await hub.indexing.start()
    hub.scheduler.start()
    await eventually(lambda: bool(hub.fake_knowledge.seen))
    await hub.indexing.first_run()
    await hub.store.ask_jobs([identity_of(DOCS)])
    await eventually(lambda: hub.fake_knowledge.seen[1:] == [(DOCS,)])
    await hub.scheduler.stop()
    await hub.indexing.stop()
