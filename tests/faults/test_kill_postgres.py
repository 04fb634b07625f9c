"""PostgreSQL: the process is killed at each hop and at any moment; group commits are cut in the middle."""

from __future__ import annotations

import random

import pytest

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import crowd
from tests.faults.kill_scenarios import kill_at_points, killed_at_any_moment, name_of, points_of
from tests.fixtures.report import MakeReport

pytestmark = pytest.mark.slow


async def test_killed_at_each_hop(make_faulty_hub: MakeFaultyHub, postgres_url: str, scenario_seed: int) -> None:
    hub, switches = make_faulty_hub(database_url=postgres_url)
    async with crowd([hub.url], scenario_seed, customers=4, each=30) as people:
        points = points_of(scenario_seed, 1)
        await kill_at_points(hub, switches, people, random.Random(scenario_seed), points)
        await people.end(postgres_url, hub)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_killed_at_any_moment(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, make_report: MakeReport, scenario_seed: int
) -> None:
    name = f"kill-postgres-{name_of(scenario_seed)}"
    report = make_report(name, "Killed with -9 again and again on PostgreSQL", run_seed=scenario_seed)
    await killed_at_any_moment(make_faulty_hub, postgres_url, report)
