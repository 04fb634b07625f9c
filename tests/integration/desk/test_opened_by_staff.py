"""A case that staff open for a customer's message: with that message, once, and without a word of its note to the customer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.errors import NotYet
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Message, MessageReceived, StaffAction
from core.domain.timers import TimerKind
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.people import Membership
from handoff.slack_desk import SlackDesk
from handoff.teams import Team
from handoff.thread.staff_only import StaffOnlyDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import Agent, FakeDeskChannel, OfficeHours
from tests.integration.desk.test_guests import Members
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

THREAD = ConversationKey("slack", "main", "T0HOME001/C0HELP001/5.000100")
SAID = "m/C0HELP001/5.000100"
CASE = Case.named(THREAD.conversation_id, 1)
TEAMS = (Team("support", keywords=("nothing",)), Team("billing", channel="C0BILLING", keywords=("invoice",)))


class Room:
    """A channel with customers in which staff open cases."""

    def __init__(self, store: SqlStore, clock: ManualClock, members: Members) -> None:
        self.store = store
        self.clock = clock
        settings = replace(SETTINGS, teams=TEAMS, honest_seconds=60.0)
        parts = replace(OfficeHours(store, clock, settings).parts(store), link=lambda at: f"https://slack/{at}")
        desk = StaffOnlyDesk(SlackDesk(parts, settings), FakeDeskChannel(), members, clock, "en")
        self.turn = Turn(Agent(), desk, {}, CountedMetrics(), sorry)
        self.orders = 0

    def said(
        self, text: str = "The export is broken", at: str = SAID, by: str = "Anna", *, by_staff: bool = False
    ) -> MessageReceived:
        """What a customer, or a colleague, wrote to nobody in particular."""
        who = Identity("slack", "main", f"U0{by.upper()}", display_name=by, verified=True)
        key = EventKey("slack", "main", at)
        return MessageReceived(
            key, THREAD, who, text, self.clock.now(), for_record=True, shared=True, by_staff=by_staff
        )

    def order(self, user: str = "grace", at: str = SAID, **given: str) -> MessageReceived:
        """What a staff member wants of it."""
        self.orders += 1
        return MessageReceived(
            EventKey("slack", "main", f"v/V{self.orders}"),
            replace(THREAD, thread=f"{THREAD.thread}/agent"),
            Identity("slack", "main", user, verified=True),
            json.dumps(given) if given else "",
            self.clock.now(),
            action=StaffAction.OPEN_CASE,
            reply_to=at,
            audience=Audience.STAFF,
        )

    async def happens(self, *events: MessageReceived) -> None:
        """All in one commit, as a payload's are; then whatever is to be done is done."""
        for result in await self.store.accept([Acceptable(event) for event in events]):
            assert not isinstance(result, Exception), result
        for _ in range(4):
            for state in await self.store.claim(10, 5.0, history=60):
                try:
                    outcome = await self.turn.run(state)
                except NotYet as error:
                    await self.store.postpone(state.claim, delay=error.seconds, error=error.detail, counts=False)
                    continue
                (finished,) = await self.store.finish([outcome])
                assert finished.held
            self.clock.move(1.0)

    async def told(self, kind: str) -> list[Message]:
        """What staff were told in the case's feed."""
        found = await self.store.messages(feed("main", CASE).conversation_id, limit=100)
        return [one for one in found if one.meta.get("post") == kind]

    async def state(self) -> OwnershipState:
        """The customer's conversation."""
        found = await self.store.conversation(THREAD.conversation_id)
        assert found is not None
        return found.state


@pytest.fixture
def members() -> Members:
    return Members()


@pytest.fixture
def room(store: SqlStore, clock: ManualClock, members: Members) -> Room:
    return Room(store, clock, members)


async def test_it_opens_with_the_message_the_link_and_the_note(room: Room) -> None:
    await room.happens(room.said(), room.order(case_team="billing", ticket_priority="high", ticket_note="Big customer"))
    assert await room.state() is OwnershipState.QUEUED
    (card,) = await room.told("card")
    facts = card.meta["facts"]
    assert (facts["customer"], facts["team"], facts["urgency"]) == ("Anna", "billing", "high")
    assert "Opened by Grace" in facts["reason"]
    (transcript,) = await room.told("transcript")
    assert "The export is broken" in transcript.text
    (note,) = await room.told("note")
    assert note.text == f"https://slack/{SAID}\nBig customer"
    (direct,) = await room.told("direct")
    assert (direct.meta["to"], direct.text) == ("grace", "The case is open.")
    assert {one.kind for one in await room.store.timers(CASE)} == {TimerKind.UNCLAIMED}, "only staff are reminded"
    said = await room.store.messages(THREAD.conversation_id, limit=10)
    assert [one.text for one in said] == ["The export is broken"], (
        "the customer reads nothing, and the agent is not asked"
    )


async def test_what_staff_opened_is_not_the_customers_to_take_back(room: Room) -> None:
    await room.happens(room.said(), room.order())
    back = replace(room.said("Never mind, I don't need a person any more."), for_record=False, addressed=True)
    await room.happens(replace(back, key=replace(back.key, provider_event_id="m/C0HELP001/6.000100")))
    assert await room.state() is OwnershipState.QUEUED
    assert "Never mind" in (await room.told("said"))[-1].text, "staff read it"


async def test_again_it_is_the_same_case(room: Room) -> None:
    await room.happens(room.said(), room.order())
    await room.happens(room.said(), room.order("linus"))
    assert len(await room.told("card")) == 1
    assert [(one.meta["to"], one.text) for one in await room.told("direct")] == [
        ("grace", "The case is open."),
        ("linus", "This customer’s conversation has an open case already."),
    ]
    assert await room.store.case(Case.named(THREAD.conversation_id, 2)) is None


async def test_of_two_at_once_both_are_told(room: Room) -> None:
    await room.happens(room.said(), room.order(), room.order("linus"))
    assert len(await room.told("card")) == 1
    assert {one.meta["to"] for one in await room.told("direct")} == {"grace", "linus"}


async def test_given_back_it_is_still_of_staff_alone(room: Room) -> None:
    await room.happens(room.said(), room.order())
    for action in (StaffAction.CLAIM, StaffAction.RELEASE):
        thread = ConversationKey("slack", "main", CASE)
        press = replace(room.order(), conversation=thread, action=action, reply_to=None)
        await room.happens(press)
    assert await room.state() is OwnershipState.QUEUED
    assert {one.kind for one in await room.store.timers(CASE)} == {TimerKind.UNCLAIMED}


async def test_a_team_that_is_not_there_any_more_is_none(room: Room) -> None:
    await room.happens(room.said("My invoice"), room.order(case_team="gone"))
    (card,) = await room.told("card")
    assert card.meta["facts"]["team"] == "billing", "its words decide, as with every other case"


async def test_who_is_no_staff_opens_nothing(room: Room, members: Members) -> None:
    members.others["eve"] = Membership.GUEST
    await room.happens(room.said(), room.order("eve"))
    assert await room.state() is OwnershipState.BOT
    assert await room.told("card") == []


async def test_for_an_older_message_it_is_its_writers(room: Room) -> None:
    await room.happens(room.said(), room.said("My invoice is wrong", "m/C0HELP001/5.000200", "Bob"))
    for number in range(70):
        await room.happens(room.said(f"Line {number}", f"m/C0HELP001/6.{number:06}"))
    await room.happens(room.order(at="m/C0HELP001/5.000200"))
    (card,) = await room.told("card")
    assert card.meta["facts"]["customer"] == "Bob"
    assert "My invoice is wrong" in "".join(one.text for one in await room.told("transcript"))


@pytest.mark.parametrize("about", ["a colleague's", "unknown"])
async def test_for_what_no_customer_wrote_nothing_is_opened(room: Room, about: str) -> None:
    at = "m/C0HELP001/5.000200"
    said = [room.said("I look into it", at, "Linus", by_staff=True)] if about != "unknown" else []
    order = room.order(at=at)
    await room.happens(room.said(), *said, order)
    assert await room.state() is OwnershipState.BOT
    assert await room.told("card") == []
    stored = await room.store.said_with(order.key)
    assert stored is not None
    told = await room.store.messages(feed("main", f"order.{stored.id}").conversation_id)
    assert [(one.meta["to"], one.text[:18]) for one in told] == [("grace", "No case was opened")]
