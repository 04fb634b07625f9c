"""The sizes that the reports state: hundreds of kills while fifty customers write two hundred messages each."""

from __future__ import annotations

import random

import pytest

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import Crowd, crowd
from tests.faults.kill_scenarios import kill_at_any_moment, kill_at_points, points_of
from tests.faults.points import Switches
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import run_seed
from tests.servers.hub import Hub
from tests.soak_report import Report

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


async def _kill(hub: Hub, switches: Switches, people: Crowd, report: Report, scale: Scale) -> None:
    """At each place several times, at any moment otherwise."""
    rng = random.Random(report.seed)
    points = points_of(report.seed, 3) if scale.full else ["finish.written", "append.after"]
    named = await kill_at_points(hub, switches, people, rng, points)
    hub.kill()
    moments = await kill_at_any_moment(hub, people, rng, scale.pick(small=2, full=140))
    report.record("killed with -9 at a named place", named)
    report.record("killed with -9 at any moment", moments + 1)


def _sizes(scale: Scale) -> dict[str, int]:
    return {"customers": scale.pick(small=5, full=50), "each": scale.pick(small=8, full=200)}


async def test_killed_on_sqlite(
    make_faulty_hub: MakeFaultyHub, sqlite_url: str, make_report: MakeReport, scale: Scale
) -> None:
    report = make_report("kill-sqlite", "Killed with -9 on SQLite", run_seed=run_seed())
    hub, switches = make_faulty_hub(database_url=sqlite_url)
    async with crowd([hub.url], report.seed, **_sizes(scale)) as people:
        await _kill(hub, switches, people, report, scale)
        await people.end(sqlite_url, hub, within=300, report=report)


async def test_killed_on_postgres(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, make_report: MakeReport, scale: Scale
) -> None:
    report = make_report("kill-postgres", "Killed with -9 on PostgreSQL", run_seed=run_seed())
    hub, switches = make_faulty_hub(database_url=postgres_url)
    async with crowd([hub.url], report.seed, **_sizes(scale)) as people:
        await _kill(hub, switches, people, report, scale)
        await people.end(postgres_url, hub, within=300, report=report)
