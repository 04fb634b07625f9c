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
from tests.faults.points import POINTS, Plan, stopped
from tests.servers.postgres import PostgresServer

LEASE = 2.0
ZOMBIE_POINTS = [point for point in POINTS if not point.startswith("accept.") and point != "respond.started"]


@pytest.mark.parametrize("end", ["killed", "frozen"])
async def test_the_other_takes_over_within_two_leases(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, scenario_seed: int, end: str
) -> None:
    """Turns of the first worker are under way and cannot end; the web process and the second worker go on."""
    web, _ = make_faulty_hub(database_url=postgres_url, role="web", lease=LEASE)
    first, switches = make_faulty_hub(database_url=postgres_url, role="worker", lease=LEASE)
    second, others = make_faulty_hub(database_url=postgres_url, role="worker", lease=LEASE)
    switches.hold.touch()
    others.hold.touch()
    await asyncio.gather(asyncio.to_thread(web.start), asyncio.to_thread(first.start))
    async with crowd([web.url], scenario_seed, customers=6, each=2) as people:
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
        assert taken_over <= 2 * LEASE
        await people.end(postgres_url, web, second, *([first] if end == "frozen" else []))
    assert ("turn.lost" in first.log.read_text()) == (end == "frozen")


@pytest.mark.parametrize("group", range(4))
async def test_what_a_zombie_writes_is_refused(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, scenario_seed: int, group: int
) -> None:
    """A worker stands still at a named place until the other has done its work, and then goes on as if nothing was."""
    rng = random.Random(f"{scenario_seed}:{group}")
    points = random.Random(scenario_seed).sample(ZOMBIE_POINTS, len(ZOMBIE_POINTS))[group::4][:2]
    web, _ = make_faulty_hub(database_url=postgres_url, role="web", lease=1.0)
    second, _ = make_faulty_hub(database_url=postgres_url, role="worker", lease=1.0)
    await asyncio.to_thread(web.start)
    async with crowd([web.url], scenario_seed, customers=4, each=3 * len(points)) as people:
        for place, point in enumerate(points):
            zombie, switches = make_faulty_hub(database_url=postgres_url, role="worker", lease=1.0)
            switches.plan_next(Plan(point, rng.randint(1, 2), signal.SIGSTOP))
            await asyncio.to_thread(zombie.start)
            await people.allow(3)
            await stopped(zombie)
            if not second.running:
                await asyncio.to_thread(second.start)
            await people.answered(3 * (place + 1), within=15)
            zombie.thaw()
            assert await asyncio.to_thread(zombie.stop) == 0, zombie.log_tail()
            assert await asyncio.to_thread(second.stop) == 0, second.log_tail()
        await asyncio.to_thread(second.start)
        await people.end(postgres_url, web, second)


async def test_workers_are_killed_in_turn(
    make_faulty_hub: MakeFaultyHub, postgres_server: PostgresServer, postgres_url: str, scenario_seed: int
) -> None:
    """Two complete hubs behind one database, killed one after the other while customers change between them."""
    hubs = [make_faulty_hub(database_url=postgres_url)[0] for _ in range(2)]
    await asyncio.gather(*(asyncio.to_thread(hub.start) for hub in hubs))
    rng = random.Random(scenario_seed)
    async with crowd([hub.url for hub in hubs], scenario_seed, customers=6, each=12) as people:
        for place in range(4):
            await people.allow(3)
            await asyncio.sleep(rng.uniform(0.05, 0.5))
            await asyncio.to_thread(hubs[place % 2].restart)
        await people.end(postgres_url, *hubs)
