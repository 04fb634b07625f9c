"""The process is killed with -9, at named places and at any moment, and started again on the same database."""

from __future__ import annotations

import asyncio
import contextlib
import random

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import crowd
from tests.faults.points import POINTS, Plan, Switches, Writers, died, until_reached
from tests.scale import Scale
from tests.seed import FIXED
from tests.servers.hub import Hub
from tests.servers.process import NotReady
from tests.soak_report import Report


def points_of(seed: int, rounds: int) -> list[str]:
    """In a random order: with the fixed seed every place; with the run's own, in a small run, a few of them."""
    rng = random.Random(seed)
    if seed != FIXED and rounds == 1:
        return rng.sample(POINTS, 3)
    return [point for _ in range(rounds) for point in rng.sample(POINTS, len(POINTS))]


async def kill_at_points(hub: Hub, switches: Switches, crowd: Writers, rng: random.Random, points: list[str]) -> int:
    """Each start of the process ends at another place while everybody writes. How many kills there were."""
    allowance = max(1, min(3, crowd.each // len(points)))
    for point in points:
        switches.plan_next(Plan(point, rng.randint(1, 2)))
        await crowd.allow(allowance)
        with contextlib.suppress(NotReady):  # some places are reached before the first health check
            await asyncio.to_thread(hub.start)
        await _until_dead(hub, crowd, point)
    switches.plan_next(None)
    await asyncio.to_thread(hub.start)
    return len(points)


async def _until_dead(hub: Hub, crowd: Writers, point: str) -> None:
    await until_reached(point, lambda: not hub.running, crowd)
    assert died(hub), f"at {point} it ended by itself:\n{hub.log_tail()}"


async def kill_at_any_moment(
    hub: Hub, crowd: Writers, rng: random.Random, kills: int, *, lives: tuple[float, float] = (0.02, 0.9)
) -> int:
    """Everybody writes all the time; the process is killed soon after it has become live, again and again."""
    allowance = max(1, -(-crowd.each // kills))
    for _ in range(kills):
        await asyncio.to_thread(hub.start)
        await crowd.allow(allowance)
        await asyncio.sleep(rng.uniform(*lives))
        assert hub.running, hub.log_tail()
        hub.kill()
    await asyncio.to_thread(hub.start)
    return kills


async def killed_at_any_moment(make_faulty_hub: MakeFaultyHub, url: str, report: Report) -> None:
    """The whole scenario, in the size of the report."""
    pick = Scale(report.full).pick
    hub, switches = make_faulty_hub(database_url=url)
    rng = random.Random(report.seed)
    sizes = {"customers": pick(small=8, full=50), "each": pick(small=12, full=100)}
    async with crowd([hub.url], report.seed, **sizes) as people:
        if report.full:
            points = points_of(FIXED, 1)
            report.record("killed with -9 at a named place", await kill_at_points(hub, switches, people, rng, points))
            hub.kill()
        moments = await kill_at_any_moment(hub, people, rng, pick(small=3, full=80))
        report.record("killed with -9 at any moment", moments)
        report.note("Each turn streams for 80 ms and more, so most kills cut turns, streams and deliveries short.")
        await people.end(url, hub, within=pick(small=360, full=600), report=report)


def name_of(seed: int) -> str:
    """How a report tells its seeds apart in its name."""
    return "fixed" if seed == FIXED else "random"
