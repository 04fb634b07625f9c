"""The number of a case's ticket: the customer reads it, staff see it on the card, and it stands where the case stands."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, Scene, scene
from tests.fixtures.hub import MakeHub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def tickets(world: Scene) -> list[dict[str, Any]]:
    """As the customer's own token shows them."""
    answer = await world.visitor.call("GET", f"/api/users/{world.visitor.id}/tickets")
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["tickets"]
    return found


async def stands(world: Scene, status: str) -> None:
    """The only ticket comes to stand so."""
    for _ in range(300):
        if [one["status"] for one in await tickets(world)] == [status]:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"The ticket never was {status}, but: {await tickets(world)}")


async def test_the_number_on_the_card_is_the_customers(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        answer = await world.visitor.say("I want to talk to a person", client_id="wish")
        card = await world.office.card()
        (ticket,) = await tickets(world)
        number = ticket["number"]
        assert answer.body["ticket"] == number
        assert re.fullmatch(r"TKT-\d{8}-0001", number)
        assert number in whole(card)
        await world.reads(f"Your ticket number is {number}.")
        assert ticket["subject"] == "I want to talk to a person"
        await world.office.press(card, CLAIM)
        await world.reads("has joined")
        await world.office.press(card, RESOLVE)
        await stands(world, "resolved")
        world.hub.kill()
        await asyncio.to_thread(world.hub.start)
        await world.visitor.say("It is broken again", client_id="again")
        await stands(world, "open")
