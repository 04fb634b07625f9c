"""Who is given a new case: each policy, nobody there, two processes at once, and what becomes of a case that is not claimed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.domain.calendar import Calendar, Entry
from core.domain.case import feed
from core.domain.conversation import OwnershipState
from core.domain.errors import Unreachable
from core.domain.messages import Message, StaffAction
from core.domain.timers import TimerKind
from core.storage.store import SqlStore
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from handoff.teams import Policy, Team
from handoff.waits.assigning import Assigning
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import LEASE, OfficeHours

ANN, BOB, CLEO = "U0ANN", "U0BOB", "U0CLEO"
SETTINGS = HandoffSettings(remind_seconds=0.0, honest_seconds=0.0, undo_seconds=0.0, assign=("round_robin",))
TURNS = feed("main", "assign.").conversation_id


class Staff:
    """Implements Roster. ``away``: who is not at work just now; ``strangers``: who is in the channel, and no colleague.

    ``checked``: who was asked about; ``slow``: so many seconds each time, on that clock.
    """

    def __init__(self, *people: str) -> None:
        self.readers = set(people)
        self.away: set[str] = set()
        self.strangers: set[str] = set()
        self.addresses: dict[str, str] = {}
        self.fails = False
        self.checked: list[str] = []
        self.slow: tuple[ManualClock, float] | None = None

    async def who_reads(self, case_id: str) -> set[str]:
        """See Roster."""
        if self.fails:
            raise Unreachable("Slack is away.")
        return self.readers

    async def is_staff(self, staff_id: str, *, is_there: bool) -> bool:
        """See Roster."""
        self.checked.append(staff_id)
        if self.slow:
            self.slow[0].move(self.slow[1])
        return staff_id not in self.strangers and not (is_there and staff_id in self.away)

    async def named_in(self, words: Sequence[str]) -> Sequence[str]:
        """See Roster."""
        found = [one for word in words for one in re.findall(r"[\w.]+@[\w.]+|U0[A-Z]+", word)]
        return [self.addresses.get(one, one) for one in found]


@pytest.fixture
def staff() -> Staff:
    return Staff(ANN, BOB, CLEO)


def office(store: SqlStore, clock: ManualClock, staff: Staff, who: str = "t1", **more: object) -> OfficeHours:
    return OfficeHours(store, clock, replace(SETTINGS, **more), staff, who)  # type: ignore[arg-type]


async def given(desk: OfficeHours) -> list[str]:
    """To whom a case was given, in order, by the messages to them."""
    return [str(one.meta["to"]) for one in await desk.posts("direct")]


async def assigned(desk: OfficeHours) -> str:
    """What its card says."""
    return str((await desk.posts("card_now"))[-1].meta["facts"].get("assigned") or "")


async def turns(store: SqlStore) -> Sequence[Message]:
    return await store.messages(TURNS, limit=500)


async def test_cases_go_round(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    had = []
    for number in range(5):
        desk = office(store, clock, staff, f"t{number}")
        await desk.escalates()
        assert await desk.passes(1) == 1
        had += await given(desk)
    assert had == [ANN, BOB, CLEO, ANN, BOB]
    assert [one.meta["to"] for one in await turns(store)] == had


async def test_a_case_that_is_given_to_somebody_waits_for_everybody(
    store: SqlStore, clock: ManualClock, staff: Staff
) -> None:
    desk = office(store, clock, staff)
    await desk.escalates()
    said = await desk.reads()
    await desk.passes(0)
    assert await assigned(desk) == "Assigned to U0Ann; anybody may claim it"
    (direct,) = await desk.posts("direct")
    assert direct.text == "A case is assigned to you: A visitor. Claim it, or any colleague may."
    conversation = await desk.conversation()
    assert (conversation.state, conversation.owner) == (OwnershipState.QUEUED, None)
    assert await desk.reads() == said, "the customer is promised nobody"
    await desk.staff("What do you think?", user=ANN)
    assert await desk.reads() == said, "and reads nothing that is not written by an owner"
    await desk.press(StaffAction.CLAIM, user=BOB)
    assert (await desk.conversation()).owner == BOB
    assert TimerKind.ASSIGN not in await desk.set()
    assert (await desk.posts("card_now"))[-1].meta["facts"]["assigned"] is None
    assert await desk.passes(600) <= 1
    assert await given(desk) == [ANN]
    await desk.press(StaffAction.RELEASE, user=BOB)
    assert (await desk.posts("card_now"))[-1].meta["facts"]["assigned"] is None, "nobody's any more"


async def test_who_does_not_claim_in_time_loses_it_to_the_next_and_then_it_is_everybodys(
    store: SqlStore, clock: ManualClock
) -> None:
    staff = Staff(ANN, BOB)
    desk = office(store, clock, staff)
    await desk.escalates()
    await desk.passes(0)
    assert await desk.passes(9.9) == 0
    assert await desk.passes(0.2) == 1
    assert await given(desk) == [ANN, BOB]
    assert await assigned(desk) == "Assigned to U0Bob; anybody may claim it · Not taken in time by: U0Ann"
    assert await desk.passes(10) == 1
    assert await given(desk) == [ANN, BOB]
    assert await assigned(desk) == "Not taken in time by: U0Ann, U0Bob"
    assert await desk.passes(600) == 0
    assert TimerKind.ASSIGN not in await desk.set()


async def test_without_a_limit_it_stays_with_whoever_has_it(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    desk = office(store, clock, staff, assign_seconds=0.0)
    await desk.escalates()
    assert await desk.passes(0) == 1
    assert await desk.passes(6000) == 0
    assert await given(desk) == [ANN]


async def test_who_is_away_a_guest_or_gone_is_passed_over(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    staff.away.add(ANN)
    staff.strangers.add(BOB)
    desk = office(store, clock, staff)
    await desk.escalates()
    await desk.passes(0)
    assert await given(desk) == [CLEO]
    staff.readers.discard(CLEO)
    await desk.passes(10)
    assert await given(desk) == [CLEO], "who has left the channel is told nothing more"
    assert await assigned(desk) == "Not taken in time by: U0Cleo"


async def test_while_nobody_is_there_it_is_looked_again(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    staff.away |= {ANN, BOB, CLEO}
    desk = office(store, clock, staff)
    await desk.escalates()
    assert await desk.passes(0) == 1
    assert not await given(desk)
    assert not await assigned(desk)
    staff.away.discard(CLEO)
    assert await desk.passes(10) == 1
    assert await given(desk) == [CLEO]


async def test_the_first_policy_that_finds_somebody_counts(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    both: tuple[Policy, ...] = ("on_call", "round_robin")
    desk = office(store, clock, staff, assign=both, on_call=("S0TEAM", "U0GONE", CLEO))
    await desk.escalates()
    await desk.passes(0)
    await desk.passes(10)
    assert await given(desk) == [CLEO, ANN], "whoever is on call need not be at their desk, but in the channel"


async def test_whose_turn_it_may_be_can_be_listed(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    desk = office(store, clock, staff, assign_to=("U0ELSEWHERE", CLEO))
    await desk.escalates()
    await desk.passes(0)
    assert await given(desk) == [CLEO]


async def test_the_calendar_says_who_is_on_call(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    now = clock.now()
    week = Entry(now - timedelta(days=3), now + timedelta(days=4), ("mailto:Bob@example.com",))
    instead = Entry(now - timedelta(hours=1), now + timedelta(hours=1), ("On call: cleo@example.com (for Bob)",))
    over = Entry(now - timedelta(days=9), now - timedelta(days=2), (ANN,))
    calendar = Calendar("https://example.com/a.ics", ZoneInfo("UTC"), (week, over, instead))
    staff.addresses |= {"Bob@example.com": BOB, "cleo@example.com": CLEO}
    desk = office(store, clock, staff, assign=("on_call",), calendar=calendar, on_call=(ANN,))
    await desk.escalates()
    await desk.passes(0)
    await desk.passes(10)
    await desk.passes(10)
    assert await given(desk) == [CLEO, BOB], "who stands in for a while comes first"


async def test_the_owner_of_the_account_is_named_by_the_companys_tool(
    store: SqlStore, clock: ManualClock, staff: Staff
) -> None:
    staff.addresses["bob@example.com"] = BOB
    desk = office(store, clock, staff, assign=("account_owner", "round_robin"))
    await desk.escalates()
    card = (await desk.posts("card"))[0].meta["facts"]
    settings = desk.settings.for_case(card)

    async def found(owner: str | None, *passed: str) -> str:
        facts = {**card, "context": {"plan": "pro", **({"Owner": owner} if owner else {})}}
        return (await Assigning(desk.parts(store), staff, settings).next(desk.case, facts, passed))[0]

    staff.away.add(BOB)
    assert await found("Bob <bob@example.com>") == BOB, "told, though away"
    assert await found(CLEO) == CLEO
    assert await found("bob@example.com", BOB) == ANN
    assert await found("nobody@example.com") == ANN
    assert await found(None) == ANN


async def test_outside_the_hours_nobody_is_woken(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    """It is Saturday, 9:00 in UTC."""
    desk = office(store, clock, staff, hours=parse_hours("Mon-Fri 09:00-17:00", "UTC"))
    await desk.escalates()
    assert await desk.passes(47 * 60 + 59) == 0
    assert await desk.passes(61) == 1
    assert await given(desk) == [ANN]


async def test_a_team_has_its_own_way(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    teams = (Team("web", channels=("web",), assign=()), Team("mail", channels=("email",)))
    desk = office(store, clock, staff, teams=teams)
    await desk.escalates()
    assert await desk.passes(60) == 0
    assert not await given(desk)


async def test_a_teams_own_people_stand_before_the_companys_calendar(
    store: SqlStore, clock: ManualClock, staff: Staff
) -> None:
    now = clock.now()
    company = Calendar("https://example.com/a.ics", ZoneInfo("UTC"), [Entry(now, now + timedelta(days=1), (ANN,))])
    teams = Team("web", channels=("web",), on_call=(BOB,)), Team("mail", channels=("email",))
    desk = office(store, clock, staff, assign=("on_call",), calendar=company, teams=teams)
    await desk.escalates()
    await desk.passes(0)
    assert await given(desk) == [BOB]
    assert desk.settings.for_team("mail").calendar is company


async def test_a_snoozed_case_is_given_to_somebody_when_it_is_back(
    store: SqlStore, clock: ManualClock, staff: Staff
) -> None:
    desk = office(store, clock, staff)
    await desk.escalates()
    await desk.press(StaffAction.SNOOZE, text="hour", user=BOB)
    assert await desk.passes(59) == 0
    assert await desk.passes(1) == 1
    assert await desk.passes(0) == 1
    assert await given(desk) == [ANN]


async def test_while_slack_is_away_it_is_tried_again(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    staff.fails = True
    desk = office(store, clock, staff)
    await desk.escalates()
    assert await desk.passes(0) == 1
    staff.fails = False
    assert await desk.passes(LEASE / 60) == 1
    assert await given(desk) == [ANN]


async def test_a_claim_between_choice_and_commit_wins(store: SqlStore, clock: ManualClock, staff: Staff) -> None:
    desk = office(store, clock, staff)
    await desk.escalates()
    (due,) = await store.due_timers(10, LEASE)
    decision = await desk.timers.decide(due.timer)
    await desk.press(StaffAction.CLAIM, user=CLEO)
    assert not (await store.finish_timer(due, decision)).held
    assert not await given(desk)
    assert not await turns(store)


@BOTH_DATABASES
async def test_two_processes_do_not_give_two_cases_by_one_turn(
    open_store: OpenStore, clock: ManualClock, staff: Staff
) -> None:
    """Both have read whose turn it is before either has written."""
    first, second = await open_store(), await open_store()
    desks = [office(first, clock, staff, "t1"), office(second, clock, staff, "t2")]
    for desk in desks:
        await desk.escalates()
    due = [*await first.due_timers(1, LEASE), *await second.due_timers(1, LEASE)]
    decisions = [await desks[0].timers.decide(one.timer) for one in due]
    done = await asyncio.gather(first.finish_timer(due[0], decisions[0]), second.finish_timer(due[1], decisions[1]))
    assert sorted(one.outdated for one in done) == [False, True]
    assert await desks[1].loop.once() == 1, "the other is decided anew"
    assert sorted(await given(desks[0]) + await given(desks[1])) == [ANN, BOB]
    assert [one.meta["to"] for one in await turns(first)] == [ANN, BOB]


@BOTH_DATABASES
async def test_a_process_that_dies_over_it_is_replaced_and_the_assignee_is_told_once(
    open_store: OpenStore, clock: ManualClock, staff: Staff
) -> None:
    first, second = await open_store(), await open_store()
    desk = office(first, clock, staff)
    await desk.escalates()
    (due,) = await first.due_timers(10, LEASE)
    late = await desk.timers.decide(due.timer)
    clock.move(LEASE)
    assert await desk.process(second).once() == 1
    assert not (await first.finish_timer(due, late)).held, "it was only frozen"
    assert await given(desk) == [ANN]
    assert len(await turns(first)) == 1
