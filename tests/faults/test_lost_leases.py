"""A turn that ends its worker again and again is not begun for ever: the customer is told that there is no answer."""

from __future__ import annotations

import asyncio
import contextlib
import time

import aiohttp
import pytest

from tests.e2e.visitor import Visitor, visiting
from tests.faults.conftest import MakeFaultyHub
from tests.faults.points import GIVES_UP_VARIABLE, Plan, died
from tests.patience import PATIENCE
from tests.servers.hub import Hub
from tests.servers.process import NotReady

pytestmark = pytest.mark.slow


async def test_a_turn_that_lost_its_lease_three_times_ends_in_the_honest_failure(
    make_faulty_hub: MakeFaultyHub, database_url: str
) -> None:
    hub, switches = make_faulty_hub(database_url=database_url, environment={GIVES_UP_VARIABLE: "1"})
    switches.plan_next(Plan("respond.started"))
    await asyncio.to_thread(hub.start)
    async with visiting(hub) as visitor:
        with contextlib.suppress(aiohttp.ClientError):
            await visitor.say("message 1")
        await _ended(hub)
        for _ in range(2):
            with contextlib.suppress(NotReady):  # it may end before it is ready
                await asyncio.to_thread(hub.start)
            await _ended(hub)
        await asyncio.to_thread(hub.start)
        said = await _answer(visitor)
    assert "message 1" not in said
    assert hub.running, "the plan is still there: the responder was not asked again"
    assert "turn.given_up" in hub.log.read_text()


async def _ended(hub: Hub) -> None:
    until = time.monotonic() + PATIENCE
    while hub.running:
        assert time.monotonic() < until, "the turn was not begun"
        await asyncio.sleep(0.02)
    assert died(hub), hub.log_tail()


async def _answer(visitor: Visitor) -> str:
    """What the customer reads in the end."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        history = (await visitor.call("GET", f"/api/sessions/{visitor.id}/history")).body["messages"]
        if len(history) > 1:
            return str(history[-1]["content"])
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was said")
