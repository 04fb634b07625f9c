"""A customer on the web and two people in Slack: the whole way from the wish for a person to the end of the case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import GRACE, LINUS, SECRET, STAFF, TOKEN
from tests.e2e.desk.office import Office
from tests.e2e.visitor import Visitor, visiting
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow

CLAIM, HAND_BACK, RESOLVE, RELEASE = "staff_claim", "staff_hand_back", "staff_resolve", "staff_release"


@dataclass
class Scene:
    """One hub, one visitor, one office."""

    hub: Hub
    visitor: Visitor
    office: Office

    async def history(self) -> list[dict[str, Any]]:
        """What the customer has been told and has said."""
        answer = await self.visitor.call("GET", f"/api/sessions/{self.visitor.id}/history")
        assert answer.status == 200
        found: list[dict[str, Any]] = answer.body["messages"]
        return found

    async def texts(self) -> list[str]:
        """Only the words."""
        return [str(message["content"]) for message in await self.history()]

    async def reads(self, text: str) -> None:
        """The customer sees it."""
        for _ in range(900):
            if any(text in one for one in await self.texts()):
                return
            await asyncio.sleep(0.1)
        pytest.fail(f"The customer never read {text!r}, but: {await self.texts()}")

    async def escalate(self) -> dict[str, Any]:
        """The case's card."""
        before = len(self.office.cards)
        await self.visitor.say("I want to talk to a person", client_id=f"wish{before}")
        return await self.office.card(before + 1)

    async def claimed(self) -> dict[str, Any]:
        """The card of a case that Grace has taken, as its customer has read."""
        card = await self.escalate()
        await self.office.press(card, CLAIM)
        await self.reads("has joined")
        return card

    async def resolved(self) -> dict[str, Any]:
        """The card of a case that Grace has taken and resolved, of which its customer has been asked for a rating."""
        card = await self.claimed()
        await self.office.press(card, RESOLVE)
        await self.reads("Reply with a number from 1")
        return card


@asynccontextmanager
async def scene(make_hub: MakeHub, **environment: str) -> AsyncIterator[Scene]:
    async with SlackFake() as slack:
        settings = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
            "DESK_UNDO_SECONDS": "0.2",
            **environment,
        }
        hub = await asyncio.to_thread(make_hub, sources="none", environment=settings)
        async with visiting(hub) as visitor:
            yield Scene(hub, visitor, Office(slack, hub))


async def test_from_the_wish_to_the_end(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office = world.office
        await world.visitor.say("My invoice is wrong", client_id="m0")
        card = await world.escalate()
        await office.sees(card, "My invoice is wrong")
        await office.sees(card, "I want to talk to a person")
        await world.reads("passed this on to our team")

        await office.write(card, "What is this about?")
        await office.sees(card, "nobody has claimed")
        await office.press(card, CLAIM)
        await office.sees(card, "With Grace")
        await world.reads("Grace has joined")

        for number in range(3):
            await world.visitor.say(f"Mine-{number}", client_id=f"c{number}")
            await office.sees(card, f"Mine-{number}")
            await office.write(card, f"Staff {number}")
            await world.reads(f"Staff {number}")
        await office.write(card, "// he seems angry")
        await office.write(card, "I know him", user=LINUS)
        await office.sees(card, "Grace has this conversation")

        await office.press(card, HAND_BACK)
        await world.reads("the assistant answers again")
        await world.visitor.say("Do you sell bicycles?", client_id="again")
        texts = await world.texts()
        assert [text for text in texts if text.startswith("Staff")] == ["Staff 0", "Staff 1", "Staff 2"]
        assert not any("angry" in text or "I know him" in text or "What is this about" in text for text in texts)
        shown = [one for one in office.shown(card) if "Mine-" in one]
        assert [one.split("\n")[-1] for one in shown] == ["Mine-0", "Mine-1", "Mine-2"]


async def test_of_two_who_claim_one_has_it(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        card = await world.escalate()
        await asyncio.gather(world.office.press(card, CLAIM), world.office.press(card, CLAIM, user=LINUS))
        await world.office.sees(card, "has this conversation.")
        joined = [text for text in await world.texts() if "has joined" in text]
        assert len(joined) == 1
        loser = LINUS if "Grace" in joined[0] else GRACE
        await world.office.write(card, "Hello from the other", user=loser)
        await world.office.sees(card, "That stays inside")
        assert not any("Hello from the other" in text for text in await world.texts())


async def test_a_redelivered_press_or_message_counts_once(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.claimed()
        event = await office.write(card, "Only once")
        for _ in range(3):
            await office.deliver(event)
        await world.reads("Only once")
        await office.write(card, "The end")
        await world.reads("The end")
        assert (await world.texts()).count("Only once") == 1


async def test_the_hub_is_killed_in_between(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        await office.press(card, CLAIM)
        for number in range(6):
            await world.visitor.say(f"C{number}", client_id=f"k{number}")
            await office.write(card, f"S{number}")
            world.hub.kill()
            await asyncio.to_thread(world.hub.start)
        await world.reads("S5")
        await office.sees(card, "C5")
        assert [text for text in await world.texts() if text.startswith("S")] == [f"S{n}" for n in range(6)]
        shown = [one.split("\n")[-1] for one in office.shown(card) if one.split("\n")[-1].startswith("C")]
        assert [one for one in shown if one[1:].isdigit()] == [f"C{n}" for n in range(6)]
        assert len(office.cards) == 1
