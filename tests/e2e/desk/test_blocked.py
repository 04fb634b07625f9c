"""A whole hub: staff block the customer of a case and unblock them, and a guest of the workspace changes nothing."""

from __future__ import annotations

from config.simulation.slack_world import LINUS
from tests.e2e.desk.test_desk import CLAIM, scene
from tests.fixtures.hub import MakeHub


async def test_a_blocked_visitor_is_refused_until_they_are_unblocked(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        form = await office.form(card, "block")
        assert await office.send_off(form, "<!channel> *Spam*") == {}
        await office.sees(card, "Grace has blocked this customer")
        await office.sees(card, "“<!channel> *Spam*”")
        answer = await world.visitor.say("Buy now", client_id="b1")
        assert (answer.status, answer.body["code"]) == (403, "blocked")
        assert (await world.visitor.say("Buy now", client_id="b1")).status == 403, "sent again too"
        upload = await world.visitor.upload("a.txt", b"Buy now", "text/plain")
        assert (upload.status, upload.body["code"]) == (403, "blocked")
        again = await office.form(card, "block")
        assert await office.send_off(again, "A mistake") == {}
        await office.sees(card, "Grace has unblocked this customer")
        assert (await world.visitor.say("Hello again", client_id="b2")).status in (200, 202)
        assert not any("Buy now" in text for text in office.shown(card))


async def test_a_guest_takes_no_case_and_reaches_no_customer(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        office.slack.users[LINUS]["is_restricted"] = True
        await office.press(card, CLAIM, LINUS)
        await office.slack.until(lambda: any("Only staff" in one["text"] for one in office.slack.modals.whispers))
        await office.press(card, CLAIM)
        await world.reads("has joined")
        await office.write(card, "From a guest", LINUS)
        await office.write(card, "From staff")
        await world.reads("From staff")
        assert not any("guest" in text or "Linus" in text for text in await world.texts())
