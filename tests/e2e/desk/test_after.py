"""What becomes of what staff wrote, and what the customer thinks of it, from both sides of a whole hub."""

from __future__ import annotations

import asyncio

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.telegram_fake import TOKEN as TELEGRAM_TOKEN
from config.simulation.telegram_fake import TelegramFake
from tests.e2e import stored
from tests.e2e.desk.office import Office
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, Scene, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

_ADA = 4711


def states(world: Scene) -> list[str]:
    """Who has each customer's conversation."""
    rows = stored.rows(world.hub, "SELECT state FROM conversation WHERE channel = 'web'")
    return [str(row["state"]) for row in rows]


async def becomes(world: Scene, state: str) -> None:
    """The customer's conversation gets there."""
    for _ in range(900):
        if states(world) == [state]:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"never {state}, but {states(world)}")


async def test_delivered_rated_commented_and_open_again(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.claimed()
        answer = await office.write(card, "It is mended")
        await world.reads("It is mended")
        await office.marked(answer, "white_check_mark")
        shown = [one for one in office.slack.channels[STAFF].messages if one["ts"] == answer["event"]["ts"]]
        await office.slack.until(lambda: shown[0]["reactions"] == ["white_check_mark"])

        await office.press(card, RESOLVE)
        await world.reads("Reply with a number from 1")
        await world.visitor.say("five", client_id="rating")
        world.hub.kill()
        await asyncio.to_thread(world.hub.start)
        await office.sees(card, "The customer gave 5 of 5.")
        await world.reads("Thank you for your rating")
        await becomes(world, "resolved")
        await world.visitor.say("five", client_id="rating")
        await world.visitor.say("Fast and friendly.", client_id="comment")
        await office.sees(card, "comment: Fast and friendly.")
        await becomes(world, "resolved")
        assert len([one for one in office.shown(card) if "of 5" in one]) == 1
        kept = stored.rows(world.hub, "SELECT score, comment FROM rating")
        assert [tuple(row.values()) for row in kept] == [(5, "Fast and friendly.")]

        await world.visitor.say("It broke again", client_id="again")
        await office.sees(card, "It broke again")
        await becomes(world, "queued")


async def test_who_wants_to_be_called_comes_to_people_and_takes_it_back_in_a_word(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office = world.office
        await world.visitor.say("call me back please +49 170 1234567", client_id="call")
        card = await office.card()
        await office.sees(card, "+49 170 1234567")
        await world.reads("The team can also reach you at +49 170 1234567")
        await becomes(world, "queued")
        await world.visitor.say("Found it, thanks", client_id="found")
        await office.sees(card, "Found it, thanks")
        await becomes(world, "bot")


async def test_nobody_has_to_ask_for_a_person(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        await world.visitor.say("Where is my parcel?", client_id="one")
        await world.visitor.say("This is the worst service ever, I am absolutely furious!!!", client_id="two")
        card = await world.office.card()
        await world.office.sees(card, "*Why:* The customer is very frustrated")
        await world.office.sees(card, "*Mood:* very frustrated, getting worse")
        await world.office.sees(card, "Where is my parcel?")
        await world.reads("passed this on to our team")


async def test_staff_read_that_the_customer_has_blocked_the_bot(make_hub: MakeHub) -> None:
    async with SlackFake() as slack, TelegramFake() as telegram:
        settings = {
            "SLACK_BOT_TOKEN": SLACK_TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
            "DESK_UNDO_SECONDS": "0.2",
            "TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN,
            "TELEGRAM_API_BASE_URL": telegram.url,
            "TELEGRAM_MODE": "polling",
        }
        hub = await asyncio.to_thread(make_hub, sources="none", environment=settings)
        office = Office(slack, hub)
        await telegram.until(lambda: bool(telegram.named("getUpdates")))
        await telegram.write("I want to talk to a person", chat=_ADA)
        card = await office.card()
        await telegram.until(lambda: any("passed this on" in text for text in telegram.texts(_ADA)))
        telegram.blocked.add(_ADA)
        await office.press(card, CLAIM)
        await office.sees(card, "“Grace has joined the conversation.” did not reach the customer")
        lost = await office.write(card, "Are you still there?")
        await office.marked(lost, "x")
        await office.sees(card, "“Are you still there?” did not reach the customer")
        await office.sees(card, "blocked")
