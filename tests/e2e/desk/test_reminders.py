"""Nobody is forgotten: reminders in the channel, an honest word to the customer, and a silent owner's case goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from config.simulation.slack_world import GRACE, LINUS
from tests.e2e.desk.office import Office, whole
from tests.e2e.desk.test_desk import CLAIM, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

SECOND = str(1 / 60)
NEVER = "0"


async def button(office: Office, card: dict[str, Any], action: str) -> dict[str, Any]:
    """The newest message of the thread that offers it."""
    found: list[dict[str, Any]] = []

    def offered() -> bool:
        found[:] = [
            one
            for one in office.thread(card)
            for block in one.get("blocks") or []
            if block["type"] == "actions" and any(part["action_id"] == action for part in block["elements"])
        ]
        return bool(found)

    await office.slack.until(offered)
    return found[-1]


async def test_a_case_that_nobody_takes_is_not_forgotten(make_hub: MakeHub) -> None:
    settings = {
        "DESK_REMIND_MINUTES": SECOND,
        "DESK_HONEST_MINUTES": SECOND,
        "DESK_OWNER_MINUTES": NEVER,
        "DESK_ON_CALL": f"S0NCALL, {LINUS}",
    }
    async with scene(make_hub, **settings) as world:
        office, card = world.office, await world.escalate()
        world.hub.kill()
        await asyncio.to_thread(world.hub.start)
        await office.sees(card, "Nobody has taken this conversation yet")
        await world.reads("it is taking longer")
        await office.sees(card, f"<!subteam^S0NCALL> <@{LINUS}>")
        assert any(call.get("reply_broadcast") for call in office.slack.called("chat.postMessage"))
        await office.press(card, CLAIM)
        await world.reads("has joined")
        await office.press(card, "staff_snooze", choice="hour")
        await office.sees(card, "Grace has put this case aside")
        await world.visitor.say("Hello?", client_id="wake")
        await office.sees(card, "The customer has written")
        assert sum("taking longer" in text for text in await world.texts()) == 1


async def test_a_silent_owners_case_is_given_back_by_somebody_else(make_hub: MakeHub) -> None:
    settings = {"DESK_REMIND_MINUTES": NEVER, "DESK_HONEST_MINUTES": NEVER, "DESK_OWNER_MINUTES": SECOND}
    async with scene(make_hub, **settings) as world:
        office, card = world.office, await world.escalate()
        await office.press(card, CLAIM)
        await office.sees(card, f"<@{GRACE}> The customer has been waiting for Grace")
        offer = await button(office, card, "staff_release_silent")
        await office.press(offer, "staff_release_silent", user=LINUS)
        await office.sees(card, "Linus has given this conversation back to the queue")
        await office.press(card, CLAIM, user=LINUS)
        await world.reads("Linus has joined")
        await office.slack.until(lambda: "Linus" in whole(office.cards[0]))
