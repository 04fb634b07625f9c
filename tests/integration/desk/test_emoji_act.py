"""Emoji in a case's thread that claim and resolve it: on its card, once, by those who may, and never by being taken off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from channels.slack.place import Place
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import GRACE, STAFF, TEAM
from core.domain.conversation import OwnershipState
from core.domain.messages import CustomerAction, StaffAction
from core.ports.channel import InboundSink
from core.ports.store import Acceptable
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import OfficeHours
from tests.integration.desk.test_slack_desk_channel import Hours, desk_channel_on, world
from tests.integration.desk.test_timers import SETTINGS
from tests.property.desk_world import DeskWorld

__all__ = ["world"]
EYES, DONE = "👀", "✅"


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    made = OfficeHours(store, clock, replace(SETTINGS, emoji_act=True))
    await made.escalates()
    return made


async def reacts(
    office: OfficeHours, emoji: str, user: str = "grace", on: str = "m/C1/1.1", *, present: bool = True
) -> OwnershipState:
    """Somebody puts an emoji on a message of the thread; who has the conversation then."""
    action = StaffAction.REACT if present else StaffAction.UNREACT
    event = replace(office.from_staff(emoji, action, user), reply_to=on)
    (accepted,) = await office.store.accept([Acceptable(event)])
    assert not isinstance(accepted, Exception)
    await office.works()
    return (await office.conversation()).state


async def test_eyes_claim_and_the_check_mark_resolves(office: OfficeHours) -> None:
    assert await reacts(office, DONE) is OwnershipState.QUEUED, "what nobody has is not resolved by an emoji"
    assert await reacts(office, EYES) is OwnershipState.STAFF
    assert (await office.conversation()).owner == "grace"
    cards = len(await office.posts("card_now"))
    assert await reacts(office, EYES, "linus") is OwnershipState.STAFF
    assert (await office.conversation()).owner == "grace"
    assert await reacts(office, DONE, "linus") is OwnershipState.STAFF, "only its owner resolves it"
    assert len(await office.posts("card_now")) == cards
    assert await reacts(office, DONE, present=False) is OwnershipState.STAFF
    assert await reacts(office, DONE) is OwnershipState.RESOLVED
    read = await office.reads()
    assert await reacts(office, DONE) is OwnershipState.RESOLVED
    assert await reacts(office, EYES, present=False) is OwnershipState.RESOLVED
    assert await office.reads() == read, "said once"


class _Acting(DeskWorld):
    settings = replace(DeskWorld.settings, emoji_act=True)


def test_below_the_card_it_is_an_emoji_and_overtakes_no_reply(tmp_path: Path) -> None:
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'template.db'}"))
    world = _Acting(tmp_path / "template.db")
    try:
        world.accept(world.customer_says("A person, please", "c0", CustomerAction.REQUEST_PERSON))
        world.settle_down()
        card, copy = world.threads[0], f"post-{world.posts}"
        world.accept(world.staff_does(card, "grace", "", StaffAction.CLAIM))
        world.settle_down()
        world.accept(world.staff_does(card, "grace", "Your refund is on its way."))
        (reply,) = world.claim()  # takes its time
        world.accept(world.staff_does(copy, "grace", DONE, StaffAction.REACT, reply_to=copy))
        world.work_once()
        decided = world.decide(reply)
        assert decided is not None
        assert world.commit(decided)
        world.accept(world.staff_does(card, "grace", DONE, StaffAction.REACT, reply_to=card))
        world.settle_down()
        assert "Your refund is on its way." in [text for _, text in world.sent]
        assert world.conversation_state() is OwnershipState.RESOLVED
    finally:
        world.close()


async def test_without_the_setting_it_is_an_emoji(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, SETTINGS)
    await office.escalates()
    assert await reacts(office, EYES) is OwnershipState.QUEUED


def test_a_reply_is_no_thread_of_its_own(world: DeskWorld, tmp_path: Path) -> None:
    async def found() -> tuple[str | None, ...]:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, Hours())
            await desk_channel.start(cast(InboundSink, None))
            try:
                mark: Any = {"event_type": "switchboard_desk", "event_payload": {"key": "k", "case": "home.1"}}
                home = slack.workspaces["xoxb-home"]
                _, card = slack.post({"channel": STAFF, "text": "Card", "metadata": mark}, home)
                reply = slack.say("mended", channel=STAFF, user=GRACE, thread_ts=card["ts"])["event"]["ts"]
                told = slack.post({"channel": STAFF, "text": "Told", "thread_ts": card["ts"], "metadata": mark}, home)[
                    1
                ]
                alone = slack.say("lunch?", channel=STAFF, user=GRACE)["event"]["ts"]
                places = [Place(TEAM, STAFF, ts) for ts in (card["ts"], reply, told["ts"], alone)]
                return tuple([await desk_channel.case_of(one.conversation("default")) for one in places])
            finally:
                await desk_channel.stop()

    assert world.do(found()) == ("home.1", None, None, None)
