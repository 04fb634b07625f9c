"""Jobs of sources: proposed by everybody, done by one, and taken up where a process died."""

from __future__ import annotations

import asyncio

from config.processes.sweep import forget_unused
from core.domain.jobs import Job, JobState, PlannedJob
from core.domain.knowledge import IndexProgress, SourceReport
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock

pytestmark = BOTH_DATABASES

SCOPE = "index"
LEASE = 30.0


def docs(at: float | None, schedule: str = "0 3 * * *") -> PlannedJob:
    return PlannedJob("docs", "/srv/docs", schedule, at)


async def only(store: SqlStore) -> Job:
    (job,) = await store.jobs(SCOPE)
    return job


async def due(store: SqlStore, clock: ManualClock) -> bool:
    return (await only(store)).due(clock.now().timestamp())


async def test_what_is_planned_is_there_and_nothing_else(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now().timestamp()
    other = PlannedJob("odd", "/srv/\udcff\0", "", None)
    await store.plan_jobs(SCOPE, [docs(now + 60), other])
    await store.plan_jobs("another index", [docs(now)])
    found = {job.id: job for job in await store.jobs(SCOPE)}
    assert found["docs"].state is JobState.NEW
    assert (found["docs"].source, found["docs"].next_run_at) == ("/srv/docs", now + 60)
    assert found["odd"].source == "/srv/\\udcff "
    await store.plan_jobs(SCOPE, [docs(now + 90)])
    assert [(job.id, job.next_run_at) for job in await store.jobs(SCOPE)] == [("docs", now + 60)], "its time is kept"
    await store.plan_jobs(SCOPE, [docs(now + 90, "0 4 * * *")])
    assert (await only(store)).next_run_at == now + 90, "another schedule, another time"
    assert len(await store.jobs()) == 2, "those of another index are not touched"


async def test_an_index_that_nobody_has_started_for_a_month_is_told_of_no_more(
    store: SqlStore, clock: ManualClock
) -> None:
    now = clock.now().timestamp()
    await store.plan_jobs("gone", [docs(now + 60)])
    await store.plan_jobs("read when asked", [docs(None)])
    clock.move(30 * 86_400.0)
    await store.plan_jobs(SCOPE, [docs(now)])
    assert len(await store.jobs()) == 3
    clock.move(120)
    await store.ask_jobs(["docs"])  # a push is for all of them, and keeps none
    await store.plan_jobs(SCOPE, [docs(now)])
    assert [job.scope for job in await store.jobs()] == [SCOPE]


async def test_an_index_that_is_in_use_keeps_what_is_known_of_its_sources(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs("read when asked", [docs(None, "")])
    run = await store.claim_job((await store.jobs())[0], "p", LEASE, next_run_at=None, due=False)
    assert run is not None
    assert await store.end_job(run, JobState.DONE, SourceReport("docs", 7))
    before = await store.jobs("read when asked")
    for _ in range(50):
        clock.move(86_400.0)
        await store.plan_jobs("read when asked", [docs(None, "")], whole=False)
    await store.plan_jobs(SCOPE, [docs(None)])
    assert await store.jobs("read when asked") == before


async def test_an_index_that_was_seen_last_by_a_clock_that_was_ahead_goes_a_month_later(
    store: SqlStore, clock: ManualClock
) -> None:
    clock.move(5 * 365 * 86_400)
    await store.plan_jobs("gone", [docs(clock.now().timestamp() + 60)])
    clock.move(-5 * 365 * 86_400)
    for left in (2, 2, 1):
        await store.plan_jobs(SCOPE, [docs(None)])
        assert len(await store.jobs()) == left
        clock.move(20 * 86_400.0)


async def test_of_two_who_see_the_same_time_one_wins(
    store: SqlStore, open_store: OpenStore, clock: ManualClock
) -> None:
    now = clock.now().timestamp()
    await store.plan_jobs(SCOPE, [docs(now + 10)])
    stores = [store, await open_store(), await open_store()]
    seen = await only(store)
    assert await store.claim_job(seen, "early", LEASE, next_run_at=now + 99) is None, "nothing is due yet"
    clock.move(10)
    won = await asyncio.gather(
        *(one.claim_job(seen, f"p{n}", LEASE, next_run_at=now + 99) for n, one in enumerate(stores))
    )
    (job,) = [one for one in won if one is not None]
    assert (job.state, job.run, job.next_run_at, job.cut_off_at) == (JobState.RUNNING, 1, now + 99, None)
    late = await only(store)
    assert await store.claim_job(late, "late", LEASE, next_run_at=None, due=False) is None, "it is somebody's"


async def test_a_killed_winner_s_run_is_taken_up_after_its_lease_and_says_so(
    store: SqlStore, clock: ManualClock
) -> None:
    now = clock.now().timestamp()
    await store.plan_jobs(SCOPE, [docs(now)])
    first = await store.claim_job(await only(store), "first", LEASE, next_run_at=now + 999)
    assert first is not None
    clock.move(20)
    assert await store.keep_job(first, LEASE, IndexProgress(3, 9, "a.md", "embed"))
    clock.move(29)
    assert (await only(store)).state is JobState.RUNNING
    assert not await due(store, clock)
    clock.move(1)
    dead = await only(store)
    assert (dead.state, dead.progress) == (JobState.INTERRUPTED, IndexProgress(3, 9, "a.md", "embed"))
    second = await store.claim_job(dead, "second", LEASE, next_run_at=now + 999)
    assert second is not None
    assert (second.cut_off_at, second.began_at) == (now + 20, now + 50)
    assert not await store.keep_job(first, LEASE, None), "whoever was thought dead hears it"
    assert not await store.end_job(first, JobState.DONE, SourceReport("docs", 9))
    assert await store.end_job(second, JobState.DONE, SourceReport("docs", 2, 7, 0, (("a.md", "is broken"),)))
    done = await only(store)
    assert (done.state, done.ended_at, done.cut_off_at) == (JobState.DONE, now + 50, now + 20)
    assert done.report == SourceReport("docs", 2, 7, 0, (("a.md", "is broken"),))
    assert not await due(store, clock)


async def test_a_run_that_was_killed_while_the_clock_was_ahead_is_taken_up(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs(SCOPE, [docs(clock.now().timestamp())])
    clock.move(5 * 365 * 86_400)
    assert await store.claim_job(await only(store), "killed", LEASE, next_run_at=None)
    clock.move(-5 * 365 * 86_400)
    assert (await only(store)).state is JobState.INTERRUPTED
    assert await due(store, clock)
    assert await store.claim_job(await only(store), "second", LEASE, next_run_at=None)


async def test_another_time_is_given_to_what_is_as_it_was_seen(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now().timestamp()
    await store.plan_jobs(SCOPE, [docs(now)])
    seen = await only(store)
    assert await store.replan_job(seen, now + 60)
    assert (await only(store)).next_run_at == now + 60
    assert not await store.replan_job(seen, now + 90)
    assert (await only(store)).next_run_at == now + 60


async def test_what_is_ended_early_is_anybody_s_at_once(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now().timestamp()
    await store.plan_jobs(SCOPE, [docs(now)])
    first = await store.claim_job(await only(store), "first", LEASE, next_run_at=None)
    assert first is not None
    assert await store.end_job(first, JobState.INTERRUPTED)
    assert await due(store, clock)
    second = await store.claim_job(await only(store), "second", LEASE, next_run_at=None)
    assert second is not None
    assert second.cut_off_at == now


async def test_its_own_successor_need_not_wait(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs(SCOPE, [docs(clock.now().timestamp())])
    assert await store.claim_job(await only(store), "the owner of DATA_DIR", LEASE, next_run_at=None)
    again = await store.claim_job(await only(store), "the owner of DATA_DIR", LEASE, next_run_at=None)
    assert again is not None
    assert again.cut_off_at is not None


async def test_a_failure_is_kept_until_the_next_run_has_ended(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now().timestamp()
    await store.plan_jobs(SCOPE, [docs(now)])
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=now + 50)
    assert run is not None
    assert await store.end_job(run, JobState.FAILED, error="the disk is full")
    clock.move(50)
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    assert (run.state, run.error, run.ended_at) == (JobState.RUNNING, "the disk is full", now)
    assert await store.end_job(run, JobState.DONE, SourceReport("docs"))
    assert (await only(store)).error == ""


async def test_who_asks_during_a_run_gets_one_after_it(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    assert not await due(store, clock)
    assert await store.ask_jobs(["docs", "unknown"]) == 1
    assert await due(store, clock)
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    assert (await only(store)).asked_at is None
    for _ in range(3):
        await store.ask_jobs(["docs"])
    assert not await due(store, clock), "not beside the one that is under way"
    await store.end_job(run, JobState.DONE, SourceReport("docs"))
    assert await due(store, clock)
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    await store.end_job(run, JobState.DONE, SourceReport("docs"))
    assert not await due(store, clock), "once, however often it was asked for"


async def test_what_was_asked_for_and_failed_is_tried_again_after_as_long_as_it_has_waited(
    store: SqlStore, clock: ManualClock
) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    await store.ask_jobs(["docs"])

    async def fails() -> None:
        run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
        assert run is not None
        assert (await only(store)).asked_at is None, "it is being done"
        assert await store.end_job(run, JobState.FAILED, error="the forge is away")
        assert not await due(store, clock)

    for pause in (60, 60, 120, 240):
        await fails()
        clock.move(pause - 1)
        assert not await due(store, clock)
        clock.move(1)
        assert await due(store, clock)
    clock.move(30 * 86_400)
    await fails()
    clock.move(86_400)
    assert await due(store, clock), "once a day, as by a schedule"

    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    await store.end_job(run, JobState.DONE, SourceReport("docs"))
    clock.move(30 * 86_400)
    assert not await due(store, clock)


async def test_who_asks_again_after_a_failure_need_not_wait(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    for _ in range(2):
        await store.ask_jobs(["docs"])
        assert await due(store, clock)
        run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
        assert run is not None
        assert await store.end_job(run, JobState.FAILED, error="the forge is away")
        assert not await due(store, clock)


async def test_what_was_asked_for_is_remembered_when_the_one_who_did_it_was_killed(
    store: SqlStore, clock: ManualClock
) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    await store.ask_jobs(["docs"])
    assert await store.claim_job(await only(store), "killed", LEASE, next_run_at=None)
    clock.move(LEASE)
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    assert await store.end_job(run, JobState.FAILED, error="the forge is away")
    clock.move(60)
    assert await due(store, clock)


async def test_a_clock_that_was_ahead_when_somebody_asked_has_it_done_once(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    clock.move(5 * 365 * 86_400)
    await store.ask_jobs(["docs"])
    clock.move(-5 * 365 * 86_400)
    assert await due(store, clock)
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    await store.end_job(run, JobState.DONE, SourceReport("docs"))
    assert not await due(store, clock)


async def test_a_failure_of_a_clock_that_was_ahead_is_tried_again(store: SqlStore, clock: ManualClock) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    clock.move(5 * 365 * 86_400)
    await store.ask_jobs(["docs"])
    run = await store.claim_job(await only(store), "p", LEASE, next_run_at=None)
    assert run is not None
    await store.end_job(run, JobState.FAILED, error="the forge is away")
    clock.move(-5 * 365 * 86_400)
    assert await due(store, clock)


async def test_a_delivery_that_comes_again_asks_for_nothing(
    store: SqlStore, open_store: OpenStore, clock: ManualClock
) -> None:
    await store.plan_jobs(SCOPE, [docs(None)])
    stores = [store, await open_store()]
    asked = await asyncio.gather(*(one.ask_jobs(["docs"], "d-1") for one in stores))
    assert sorted(asked, key=str) == [1, None]
    assert await store.ask_jobs(["docs"], "d-2") == 1
    assert [await store.ask_jobs(["unknown"], "d-3") for _ in range(2)] == [0, 0], "nobody could do it"
    clock.move(8 * 86_400)
    assert await forget_unused(store, "knowledge", {"delivery/": 7 * 86_400.0}) == 2
