"""SQLite has one process: when it is frozen past its leases and goes on, it must not answer beside itself."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import crowd
from tests.faults.points import POINTS, Plan, stands_still, until_reached

pytestmark = pytest.mark.slow

LEASE = 0.6


async def test_frozen_past_its_leases_and_thawed(
    make_faulty_hub: MakeFaultyHub, sqlite_url: str, scenario_seed: int
) -> None:
    """At named places (each start at another), then at any moment; killed while it is frozen, too."""
    hub, switches = make_faulty_hub(database_url=sqlite_url, lease=LEASE)
    rng = random.Random(scenario_seed)
    async with crowd([hub.url], scenario_seed, customers=4, each=16) as people:
        for place, point in enumerate(rng.sample(POINTS, 3)):
            switches.plan_next(Plan(point, rng.randint(1, 3), signal.SIGSTOP))
            starting = asyncio.create_task(asyncio.to_thread(hub.start))
            await people.allow(4)
            await until_reached(point, lambda: stands_still(hub), people)
            await asyncio.sleep(LEASE * 1.5)
            hub.thaw()
            await starting
            await people.acknowledged(4 * (place + 1))
            hub.freeze()
            hub.kill()
        switches.plan_next(None)
        await asyncio.to_thread(hub.start)
        await people.allow(2)
        for _ in range(2):
            await asyncio.sleep(rng.uniform(0.02, 0.3))
            hub.freeze()
            await asyncio.sleep(LEASE * 1.5)
            hub.thaw()
        await people.end(sqlite_url, hub)
