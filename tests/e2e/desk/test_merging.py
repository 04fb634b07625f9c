"""Two visitors, two cases: staff merge one into the other from its card, by a link as Slack gives it out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.simulation.slack_world import STAFF
from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, scene
from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def test_a_case_is_merged_by_a_link_from_its_card(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world, visiting(world.hub) as second:
        office, goes_on = world.office, await world.escalate()
        other = replace(world, visitor=second)
        card = await other.escalate()
        form = await office.form(card, "merge")
        (said,) = (
            await office.send_off(form, "https://example.slack.com/archives/C0NOWHERE/p1700000000000100")
        ).values()
        assert "Nothing was merged." in said
        (said,) = (await office.send_off(form, _address(card["ts"]))).values()
        assert "Nothing was merged." in said, "a case belongs to itself"
        reply = office.thread(goes_on)[0]["ts"]
        assert await office.send_off(form, f"{_address(reply)}?thread_ts={goes_on['ts']}&cid={STAFF}") == {}
        await other.reads("Grace goes on with this together with another request, and has closed this conversation.")
        for one, leads_to, says in (
            (card, goes_on, "this case goes on there"),
            (goes_on, card, "merged into this case"),
        ):
            await office.sees(one, says)
            await office.sees(one, f"<{_address(leads_to['ts'])}|TKT-")
        await office.slack.until(lambda: any(_address(card["ts"]) in one for one in office.shown(goes_on)), 60)
        await office.slack.until(lambda: any(_address(goes_on["ts"]) in one for one in office.shown(card)), 60)
        await office.press(goes_on, CLAIM)
        await world.reads("has joined")
        await office.write(goes_on, "For the first one alone")
        await world.reads("For the first one alone")
        assert not any("first one" in text for text in await other.texts())
        assert "Resolved" in whole(card)


def _address(ts: str) -> str:
    return f"https://example.slack.com/archives/{STAFF}/p{ts.replace('.', '')}"
