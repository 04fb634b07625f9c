"""Guests and people of other companies in the staff channel: nothing that they do there comes to anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from channels.slack.place import Place
from channels.slack.views import Form, Press
from config.simulation.slack_fake import Fault, SlackFake
from config.simulation.slack_world import GRACE
from core.domain.conversation import OwnershipState
from core.domain.messages import StaffAction
from core.ports.channel import InboundSink
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from handoff.people import Membership
from handoff.thread.staff_only import StaffOnlyDesk, StaffOnlyViews
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import FakeDeskChannel, OfficeHours
from tests.integration.desk.test_slack_desk_channel import Hours, desk_channel_on, world
from tests.integration.desk.test_timers import SETTINGS
from tests.property.desk_world import DeskWorld

__all__ = ["world"]
GUESTS = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "is_workflow_bot")


class Members:
    """Implements handoff.people.Members. Everybody is staff but those that are named."""

    def __init__(self) -> None:
        self.others: dict[str, Membership] = {}
        self.asked: list[str] = []

    async def membership(self, staff_id: str) -> Membership:
        """See Members.membership."""
        self.asked.append(staff_id)
        return self.others.get(staff_id, Membership.STAFF)


@pytest.fixture
def members() -> Members:
    return Members()


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock, members: Members) -> OfficeHours:
    made = OfficeHours(store, clock, SETTINGS)
    made.turn._desk = StaffOnlyDesk(made.turn._desk, FakeDeskChannel(), members, clock, "en")  # type: ignore[attr-defined]
    await made.escalates()
    return made


async def test_a_guest_claims_nothing_and_is_told_in_private(office: OfficeHours, members: Members) -> None:
    members.others["eve"] = Membership.GUEST
    read = await office.reads()
    await office.press(StaffAction.CLAIM, "eve")
    assert (await office.conversation()).state is OwnershipState.QUEUED
    assert await office.reads() == read
    (told,) = await office.posts("whisper")
    assert told.meta["to"] == "eve"
    assert "Only staff of this workspace" in told.text


@pytest.mark.parametrize("who", [Membership.GUEST, Membership.UNKNOWN])
async def test_the_owners_words_go_out_and_a_guests_do_not(
    office: OfficeHours, members: Members, clock: ManualClock, who: Membership
) -> None:
    await office.press(StaffAction.CLAIM)
    await office.staff("Mine.")
    members.others["grace"] = who
    await office.store.accept([Acceptable(office.from_staff("Theirs."))])
    clock.move(61.0)
    await office.works()
    read = " ".join(await office.reads())
    assert "Mine." in read
    assert "Theirs." not in read
    told = await office.posts("remark" if who is Membership.UNKNOWN else "whisper")
    assert ("does not say who" if who is Membership.UNKNOWN else "Only staff") in told[-1].text


@pytest.mark.parametrize("sign", [*GUESTS, "team", "nobody", ""])
def test_who_is_a_guest(world: DeskWorld, tmp_path: Path, sign: str) -> None:
    async def asked() -> tuple[list[Membership], int]:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, Hours())
            await desk_channel.start(cast(InboundSink, None))
            try:
                if sign == "nobody":
                    slack.users.pop(GRACE)
                else:
                    slack.users[GRACE] |= {"team_id": "T0OTHER01"} if sign == "team" else {sign: True} if sign else {}
                found = [await desk_channel.people.membership(GRACE) for _ in range(3)]
                await desk_channel.people.called(GRACE)
                return found, len(slack.called("users.info"))
            finally:
                await desk_channel.stop()

    found, calls = world.do(asked())
    assert set(found) == {Membership.GUEST if sign else Membership.STAFF}
    assert calls == (2 if sign == "nobody" else 1), "one call tells all of it"


def test_who_was_staff_is_while_slack_does_not_answer(world: DeskWorld, tmp_path: Path) -> None:
    clock = Hours()

    async def asked() -> list[Membership]:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, clock)
            await desk_channel.start(cast(InboundSink, None))
            try:
                slack.fail("users.info", Fault(status=503))
                found = [await desk_channel.people.membership(GRACE)]
                clock.at += 3.0
                found.append(await desk_channel.people.membership(GRACE))
                slack.fail("users.info", Fault(status=503))
                clock.at += 1_000.0
                return [*found, await desk_channel.people.membership(GRACE)]
            finally:
                await desk_channel.stop()

    assert world.do(asked()) == [Membership.UNKNOWN, Membership.STAFF, Membership.STAFF]


async def test_no_form_opens_for_a_guest_and_none_is_taken(members: Members) -> None:
    heard: list[Any] = []

    class Panel:
        async def whisper(self, place: Any, user: str, text: str) -> None:
            heard.append((user, text))

    members.others |= {"eve": Membership.GUEST, "mallory": Membership.GUEST}
    place = Place("T1", "C1", "1.1")
    views = StaffOnlyViews(cast(Any, None), members, cast(Any, Panel()), "en")
    await views.open(Press("reply", "eve", "1.2", place))
    assert heard[0][0] == "eve"
    await views.choose(Form("staff_reply", "V1", "h", "eve", {}), "macro", "x")
    form = Form("staff_reply", "V1", "h", "eve", {}, {"staff_reply": "Hello"}, {"staff_reply": "text-0"})
    assert "staff_reply" in await views.refuse(form)
    given = Form("staff_assign", "V1", "h", "grace", {}, {"staff_assign": "mallory"}, {"staff_assign": "who"})
    assert "staff_assign" in await views.refuse(given), "and none is given a case"
    assert await views.refusal("eve")
    assert await views.refusal("grace") is None
