"""The number of a case's ticket: the customer reads it, staff see it on the card, and it stands where the case stands."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from config.simulation.slack_world import LINUS
from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, Scene, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def tickets(world: Scene) -> list[dict[str, Any]]:
    """As the customer's own token shows them."""
    answer = await world.visitor.call("GET", f"/api/users/{world.visitor.id}/tickets")
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["tickets"]
    return found


async def stands(world: Scene, status: str) -> None:
    """The only ticket comes to stand so."""
    for _ in range(900):
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


async def test_staff_change_priority_and_category_and_add_a_note_at_the_card(make_hub: MakeHub, tmp_path: Path) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text("support:\n  keywords: [person]\n")
    async with scene(make_hub, DESK_TEAMS_FILE=str(teams)) as world:
        office, card = world.office, await world.escalate()
        (ticket,) = await tickets(world)
        assert (ticket["priority"], ticket["category"]) == ("normal", "support"), "its kind is its team's matter"
        form = await office.form(card, "ticket", user=LINUS)
        stale = await office.form(card, "ticket")
        assert await office.fill_in(form, {}, LINUS) != {}, "nothing was changed"
        given = {"ticket_priority": "high", "ticket_category": "fraud", "ticket_note": "He called twice"}
        assert await office.fill_in(form, given, LINUS) == {}
        assert await office.fill_in(form, given, LINUS) == {}
        assert await office.fill_in(form, {**given, "ticket_category": "theft"}, LINUS) != {}
        await office.sees(card, "Linus has changed the ticket. Priority: high, Category: fraud")
        await office.sees(card, "He called twice")
        await office.slack.until(
            lambda: ":rotating_light:" in whole(office.cards[0]) and "fraud" in whole(office.cards[0])
        )
        assert await office.fill_in(stale, {"ticket_note": "And wrote"}) == {}
        await office.sees(card, "And wrote")
        (ticket,) = await tickets(world)
        assert (ticket["priority"], ticket["category"]) == ("high", "fraud"), (
            "an older form changes only what it changes"
        )
        assert "called twice" not in str(ticket)
        assert not any("called twice" in text for text in await world.texts())
        assert "Linus has changed the ticket" not in " ".join(await world.texts())
