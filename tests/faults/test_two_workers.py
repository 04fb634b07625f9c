"""PostgreSQL with two workers: one is killed or frozen, the other takes over, and what the frozen one still writes is
refused."""

from __future__ import annotations

import asyncio
import random
import signal
import time

import pytest

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import crowd
from tests.faults.kill_scenarios import name_of
from tests.faults.points import POINTS, Plan, stands_still, until_reached
from tests.fixtures.report import MakeReport
from tests.scale import Scale

pytestmark = pytest.mark.slow

ZOMBIE_POINTS = [point for point in POINTS if not point.startswith("accept.") and point != "respond.started"]


@pytest.mark.soak(small=False)
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("end", ["killed", "frozen"])
async def test_the_other_takes_over_within_two_leases(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, make_report: MakeReport, scenario_seed: int, end: str
) -> None:
    """Turns of the first worker are under way and cannot end; the web process and the second worker go on."""
    name = f"takeover-{end}-{name_of(scenario_seed)}"
    report = make_report(name, f"A worker is {end} and the other takes over", run_seed=scenario_seed)
    pick = Scale(report.full).pick
    customers, lease = pick(small=6, full=50), 5.0
    web, _ = make_faulty_hub(database_url=postgres_url, role="web", lease=lease)
    first, switches = make_faulty_hub(database_url=postgres_url, role="worker", lease=lease)
    second, others = make_faulty_hub(database_url=postgres_url, role="worker", lease=lease)
    switches.hold.touch()
    others.hold.touch()
    await asyncio.gather(asyncio.to_thread(web.start), asyncio.to_thread(first.start))
    async with crowd([web.url], scenario_seed, customers=customers, each=2) as people:
        await people.allow(1)
        await people.shown(epoch=1)
        await asyncio.to_thread(second.start)
        first.freeze() if end == "frozen" else first.kill()
        ended = time.monotonic()
        await people.shown(epoch=2)
        taken_over = time.monotonic() - ended
        switches.hold.unlink()
        others.hold.unlink()
        if end == "frozen":
            first.thaw()
        if report.full:  # on a machine that does nothing else
            assert taken_over <= 2 * lease
        report.record("lease", f"{lease} s")
        report.record("all turns taken over after", f"{taken_over:.2f} s")
        await people.end(postgres_url, web, second, *([first] if end == "frozen" else []), report=report)
    assert ("turn.lost" in first.log.read_text()) == (end == "frozen")


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_what_a_zombie_writes_is_refused(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, make_report: MakeReport, scenario_seed: int
) -> None:
    """A worker stands still at a named place until the other has done its work, and then goes on as if nothing was."""
    name = f"zombie-{name_of(scenario_seed)}"
    report = make_report(name, "Frozen at each hop, replaced, and thawed", run_seed=scenario_seed)
    count = Scale(report.full).pick(small=4, full=len(ZOMBIE_POINTS))
    points = random.Random(scenario_seed).sample(ZOMBIE_POINTS, count)
    web, _ = make_faulty_hub(database_url=postgres_url, role="web")
    other, _ = make_faulty_hub(database_url=postgres_url, role="worker")
    zombie, switches = make_faulty_hub(database_url=postgres_url, role="worker")
    await asyncio.gather(asyncio.to_thread(web.start), asyncio.to_thread(other.start))
    async with crowd([web.url], scenario_seed, customers=4, each=3 * len(points)) as people:
        for place, point in enumerate(points):
            other.freeze()  # so that the work is the zombie's
            switches.plan_next(Plan(point, 1, signal.SIGSTOP))
            starting = asyncio.create_task(asyncio.to_thread(zombie.start))
            await people.allow(3)
            await until_reached(point, lambda: stands_still(zombie), people)
            other.thaw()
            await people.answered(3 * (place + 1))
            zombie.thaw()
            await starting
            assert await asyncio.to_thread(zombie.stop) == 0, zombie.log_tail()
        report.record("frozen at", ", ".join(sorted(points)))
        await people.end(postgres_url, web, other, report=report)


@pytest.mark.soak(small=False)
@pytest.mark.timeout(3600)
async def test_hubs_are_killed_and_frozen_in_turn(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, make_report: MakeReport, scenario_seed: int
) -> None:
    """Two complete hubs behind one database; customers change between them as they find one gone."""
    name = f"two-hubs-{name_of(scenario_seed)}"
    report = make_report(name, "Two hubs on PostgreSQL, killed and frozen in turn", run_seed=scenario_seed)
    pick = Scale(report.full).pick
    rounds = pick(small=4, full=40)
    hubs = [make_faulty_hub(database_url=postgres_url)[0] for _ in range(2)]
    await asyncio.gather(*(asyncio.to_thread(hub.start) for hub in hubs))
    rng = random.Random(scenario_seed)
    sizes = {"customers": pick(small=6, full=30), "each": pick(small=12, full=120)}
    async with crowd([hub.url for hub in hubs], scenario_seed, **sizes) as people:
        for place in range(rounds):
            await people.allow(3)
            await asyncio.sleep(rng.uniform(0.05, 0.5))
            if place // 2 % 2:
                hubs[place % 2].freeze()
                await asyncio.sleep(2.0)  # two leases
                hubs[place % 2].thaw()
            else:
                await asyncio.to_thread(hubs[place % 2].restart)
        report.record("killed with -9", rounds - rounds // 2)
        report.record("frozen for two leases", rounds // 2)
        await people.end(postgres_url, *hubs, within=pick(small=360, full=600), report=report)
