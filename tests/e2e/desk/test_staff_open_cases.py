"""A running hub opens the case that staff want for a message in a customer's channel, by the shortcut and by the emoji."""

from __future__ import annotations

import pytest

from config.simulation.slack_fake import text_of
from config.simulation.slack_world import ANNA, DIRECT, GRACE, PUBLIC, TEAM
from tests.e2e.desk.test_desk import scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def test_from_the_message_to_the_case_and_back(make_hub: MakeHub) -> None:
    async with scene(make_hub, DESK_CASE_EMOJI="ticket") as world:
        office, slack = world.office, world.office.slack
        message = slack.say("The export is broken", channel=PUBLIC, user=ANNA)["event"]
        payload = {
            "type": "message_action",
            "callback_id": "open_case",
            "trigger_id": slack.modals.trigger(slack.now()),
            "team": {"id": TEAM},
            "user": {"id": GRACE, "team_id": TEAM},
            "channel": {"id": PUBLIC, "name": "help"},
            "message": message,
        }
        status, _ = await slack.push(f"{world.hub.url}/webhooks/slack", payload, form="payload")
        assert status == 200
        await slack.until(lambda: bool(slack.modals.open))
        (form,) = slack.modals.open.values()
        assert await office.fill_in(form, {"ticket_priority": "high", "ticket_note": "Big customer"}) == {}
        card = await office.card()
        await office.sees(card, "Opened by Grace")
        await office.sees(card, "The export is broken")
        await office.sees(card, "Big customer")

        def told_directly() -> list[str]:
            return [text_of(one) for one in slack.channels[DIRECT].messages]

        await slack.until(lambda: any("The case is open" in one for one in told_directly()))
        item = {"type": "message", "channel": PUBLIC, "ts": message["ts"]}
        event = {"type": "reaction_added", "user": GRACE, "reaction": "ticket", "item": item, "event_ts": slack.ts()}
        await office.deliver(slack.event(event))
        await slack.until(lambda: any("has an open case already" in one for one in told_directly()))
        assert len(office.cards) == 1
        await office.press(card, "staff_claim")
        await office.sees(card, "With Grace")
        await office.write(card, "We are at it")
        below = slack.channels[PUBLIC].messages
        await slack.until(lambda: any("We are at it" in text_of(one) for one in below), 60.0)
        assert not any("Big customer" in text_of(one) for one in below)
        assert {one.get("thread_ts") for one in below if one.get("bot_id")} == {message["ts"]}
        assert "I don" not in " ".join(text_of(one) for one in below), "the agent did not answer"
