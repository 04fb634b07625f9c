"""The staff's home tab of a running hub: from the queue into one's own cases, and nothing of it for customers."""

from __future__ import annotations

import asyncio
import json

import pytest

from config.simulation.slack_world import ANNA, DIRECT, GRACE, TEAM
from tests.e2e.desk.office import Json
from tests.e2e.desk.test_desk import scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def test_a_case_is_claimed_and_found_from_the_home_tab(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, slack = world.office, world.office.slack
        card = await world.escalate()

        def shown(user: str = GRACE) -> str:
            return json.dumps(slack.homes.get(user, {}), ensure_ascii=False)

        async def opens(user: str) -> None:
            event = {"type": "app_home_opened", "user": user, "channel": DIRECT, "tab": "home", "event_ts": slack.ts()}
            await office.deliver(slack.event(event))
            await slack.until(lambda: user in slack.homes)

        async def press(element: Json) -> None:
            view = {**slack.homes[GRACE], "id": "V1", "hash": "h", "state": {"values": {}}}
            payload = {
                "type": "block_actions",
                "team": {"id": TEAM},
                "user": {"id": GRACE, "team_id": TEAM},
                "view": view,
                "actions": [{**element, "action_ts": slack.ts()}],
                "trigger_id": slack.modals.trigger(slack.now()),
            }
            status, body = await slack.push(f"{world.hub.url}/webhooks/slack", payload, form="payload")
            assert status == 200, body

        await office.sees(card, "I want to talk to a person")
        while "staff_claim" not in shown():  # until the hub has noted where the card stands
            await opens(GRACE)
            await asyncio.sleep(0.1)
        assert "Unclaimed (" in shown()
        elements = [one for block in slack.homes[GRACE]["blocks"] for one in block.get("elements", ())]
        (claim,) = [one for one in elements if one.get("action_id") == "staff_claim"]
        assert claim["value"].endswith(card["ts"])
        await press(claim)
        await world.reads("Grace has joined")
        await slack.until(lambda: "Mine (" in shown())
        assert "Unclaimed (" not in shown()
        await press({"type": "plain_text_input", "action_id": "desk_choose_search", "value": "PERSON"})
        await slack.until(lambda: "Found for" in shown() and "staff_take_over" not in shown())
        assert card["ts"].replace(".", "") in shown()
        await opens(ANNA)
        assert "archives" not in shown(ANNA)
        assert "offenen Gespräche" in shown(ANNA)
