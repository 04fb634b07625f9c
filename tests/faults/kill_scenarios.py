"""The process is killed with -9, at named places and at any moment, and started again on the same database."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

from tests.faults.crowd import Crowd
from tests.faults.points import POINTS, Plan, Switches, died
from tests.seed import FIXED
from tests.servers.hub import Hub
from tests.servers.process import NotReady


def points_of(seed: int, rounds: int) -> list[str]:
    """In a random order: with the fixed seed every place; with the run's own, in a small run, a few of them."""
    rng = random.Random(seed)
    if seed != FIXED and rounds == 1:
        return rng.sample(POINTS, 5)
    return [point for _ in range(rounds) for point in rng.sample(POINTS, len(POINTS))]


async def kill_at_points(hub: Hub, switches: Switches, crowd: Crowd, rng: random.Random, points: list[str]) -> int:
    """Each start of the process ends at another place while everybody writes. How many kills there were."""
    allowance = max(1, crowd.each // len(points))
    for point in points:
        switches.plan_next(Plan(point, rng.randint(1, 3)))
        await crowd.allow(allowance)
        with contextlib.suppress(NotReady):  # some places are reached before the first health check
            await asyncio.to_thread(hub.start)
        await _until_dead(hub, crowd, point)
    switches.plan_next(None)
    await asyncio.to_thread(hub.start)
    return len(points)


async def _until_dead(hub: Hub, crowd: Crowd, point: str) -> None:
    until = time.monotonic() + 30
    while hub.running:
        assert time.monotonic() < until, f"{point} was not reached"
        await asyncio.sleep(0.1)
    assert died(hub), f"at {point} it ended by itself:\n{hub.log_tail()}"


async def kill_at_any_moment(hub: Hub, crowd: Crowd, rng: random.Random, kills: int) -> int:
    """Everybody writes all the time; the process is killed soon after it has become live, again and again."""
    allowance = max(1, -(-crowd.each // kills))
    for _ in range(kills):
        await asyncio.to_thread(hub.start)
        await crowd.allow(allowance)
        await asyncio.sleep(rng.uniform(0.02, 0.9))
        assert hub.running, hub.log_tail()
        hub.kill()
    await asyncio.to_thread(hub.start)
    return kills
