"""An issue in the company's tracker, from the card to the news that it is closed: over HTTP, and with a kill in between."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from config.simulation.slack_world import GRACE, LINUS
from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, Scene, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

SECRET = "0123456789abcdef"
ADDRESS = "https://github.com/acme/app/issues/12"


async def github_says(world: Scene, state: str, at: str, secret: str = SECRET) -> tuple[int, Any]:
    """A delivery of GitHub's ``issues`` event."""
    issue = {"html_url": ADDRESS, "title": "Export fails", "state": state, "updated_at": at}
    body = json.dumps({"action": state, "issue": issue}).encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={mac}", "X-GitHub-Delivery": f"{state}{at}"}
    url = f"{world.hub.url}/webhooks/issues"
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_linked_issue_is_on_the_card_and_its_end_in_the_thread(make_hub: MakeHub) -> None:
    async with scene(make_hub, DESK_ISSUE_WEBHOOK_SECRET=SECRET) as world:
        office, card = world.office, await world.claimed()
        await office.slack.until(lambda: "desk_open_issue" in json.dumps(office.cards[0]))
        form = await office.form(office.cards[0], "issue", user=LINUS)
        for _ in range(2):
            assert await office.fill_in(form, {"issue_url": ADDRESS}, LINUS) == {}
        await office.sees(card, f"Linus has linked the issue app#12 ({ADDRESS}).")
        await office.slack.until(lambda: "app#12" in whole(office.cards[0]))
        world.hub.kill()
        await asyncio.to_thread(world.hub.start)
        for _ in range(2):
            assert await github_says(world, "closed", "2026-11-23T17:00:00Z") == (202, {"cases": 1})
        closed = f"The issue app#12 Export fails ({ADDRESS}) is closed."
        await office.sees(card, closed)
        (told,) = [one for one in office.thread(card) if closed in whole(one)]
        assert GRACE in json.dumps(told["blocks"])
        reply = await office.form(told, "reply")
        assert reply["callback_id"] == "staff_reply"
        await office.press(card, RESOLVE)
        await world.reads("Reply with a number from 1")
        assert await github_says(world, "open", "2026-11-23T18:00:00Z") == (202, {"cases": 1})
        await office.sees(card, "is open again")
        assert sum(closed in one for one in office.shown(card)) == 1
        assert not any("issue" in text for text in await world.texts()), "the customer is told nothing"
        assert (await github_says(world, "closed", "2026-11-23T19:00:00Z", "another secret"))[0] == 401


async def test_without_a_tracker_there_is_no_button_and_no_webhook(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        card = await world.escalate()
        await world.office.press(card, CLAIM)
        await world.office.sees(card, "With Grace")
        assert "desk_open_issue" not in json.dumps(world.office.cards)
        assert (await github_says(world, "closed", "2026-11-23T17:00:00Z"))[0] == 404
