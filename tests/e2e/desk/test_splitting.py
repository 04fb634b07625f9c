"""Two matters in one conversation: staff split the second off from the card, and a colleague goes on with it."""

from __future__ import annotations

import pytest

from config.simulation.slack_world import STAFF
from handoff.tickets import NOTE
from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def test_a_case_is_split_from_its_card(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.claimed()
        await world.visitor.say("And my parcel came broken", client_id="second")
        await office.sees(card, "And my parcel came broken")
        form = await office.form(card, "split")
        assert list(await office.fill_in(form, {NOTE: " "})) == ["note"]
        assert await office.fill_in(form, {NOTE: "A broken parcel"}) == {}
        second = await office.card(2)
        await world.reads("Your other question has a ticket of its own now")
        link = f"https://example.slack.com/archives/{STAFF}/p{second['ts'].replace('.', '')}"
        await office.sees(card, "Resolved")
        await office.sees(card, f"<{link}|TKT-")
        await office.sees(second, "And my parcel came broken")
        await office.slack.until(lambda: any(link in one for one in office.shown(card)), 60)
        assert "A broken parcel (split off from TKT-" in whole(second)
        await office.write(card, "A second voice")
        await office.sees(card, "That stays inside: this case is closed. This case goes on in TKT-")
        await world.visitor.say("Is anybody there?", client_id="third")
        await office.sees(second, "Is anybody there?")
        await office.press(second, CLAIM)
        await office.sees(second, "has taken")
        await office.write(second, "A new one is on its way")
        await world.reads("A new one is on its way")
        assert not any("second voice" in text for text in await world.texts())
        assert not any("Is anybody there?" in one for one in office.shown(card))
