"""SQLite: the process is killed at each hop and at any moment; group commits are cut in the middle."""

from __future__ import annotations

import random

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import crowd
from tests.faults.kill_scenarios import kill_at_any_moment, kill_at_points, points_of


async def test_killed_at_each_hop(make_faulty_hub: MakeFaultyHub, sqlite_url: str, scenario_seed: int) -> None:
    hub, switches = make_faulty_hub(database_url=sqlite_url)
    async with crowd([hub.url], scenario_seed, customers=4, each=20) as people:
        points = points_of(scenario_seed, 1)
        await kill_at_points(hub, switches, people, random.Random(scenario_seed), points)
        await people.end(sqlite_url, hub)


async def test_killed_at_any_moment(make_faulty_hub: MakeFaultyHub, sqlite_url: str, scenario_seed: int) -> None:
    hub, _ = make_faulty_hub(database_url=sqlite_url)
    async with crowd([hub.url], scenario_seed, customers=8, each=12) as people:
        await kill_at_any_moment(hub, people, random.Random(scenario_seed), 4)
        await people.end(sqlite_url, hub)
