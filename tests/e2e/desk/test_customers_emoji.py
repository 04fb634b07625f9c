"""What customers put under a message: staff see it in the thread, and see it go."""

from __future__ import annotations

import pytest

from config.simulation.slack_world import ANNA, DIRECT, STAFF
from tests.e2e.desk.staff_room import StaffRoom
from tests.e2e.desk.test_desk import CLAIM, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def test_staff_see_what_a_customer_reacts_with(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        slack = world.office.slack
        staff, theirs = StaffRoom(slack, world.hub, STAFF), StaffRoom(slack, world.hub, DIRECT)
        await staff.deliver(slack.say("I want to talk to a person", channel=DIRECT))
        card = await staff.card()
        await staff.press(card, CLAIM)
        await slack.until(lambda: any("has joined" in one for one in slack.shown()))
        await staff.write(card, "It is on its way")
        await slack.until(lambda: any("on its way" in one for one in slack.shown()))
        (copy,) = [one for one in slack.channels[DIRECT].messages if "on its way" in str(one)]
        await theirs.react(copy["ts"], "tada", user=ANNA)
        await staff.sees(card, "reacted with 🎉")
        await theirs.react(copy["ts"], "tada", user=ANNA, present=False)
        await staff.sees(card, "took back 🎉")
