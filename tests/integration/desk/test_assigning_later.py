"""A case for which somebody is looked for in several parts, or once it no longer rests."""

from __future__ import annotations

import pytest

from core.domain.messages import StaffAction
from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.test_assigning import ANN, BOB, CLEO, Staff, assigned, given, office, staff
from tests.integration.desk.test_status import choose

__all__ = ["staff"]


async def test_however_many_are_never_there_whoever_is_has_a_turn(store: SqlStore, clock: ManualClock) -> None:
    """Whoever never had a case stands first, so sixty who only read along stand before everybody else for ever."""
    lurkers = [f"U0A{number:02}" for number in range(60)]
    staff = Staff(*lurkers, ANN, BOB)
    staff.away |= set(lurkers)
    desk = office(store, clock, staff)
    await desk.escalates()
    for many in (20, 20, 20):
        assert await desk.passes(0.5) == 1
        assert not await given(desk)
        assert len(staff.checked) == many, "no look asks about all of them"
        staff.checked.clear()
    assert await desk.passes(0.5) == 1
    assert await given(desk) == [ANN]
    assert await desk.passes(10) == 1
    for _ in range(3):
        assert await assigned(desk) == "Assigned to U0Ann; anybody may claim it"
        assert await desk.passes(0.5) == 1
    assert await given(desk) == [ANN, BOB]
    assert await assigned(desk) == "Assigned to U0Bob; anybody may claim it · Not taken in time by: U0Ann"
    staff.away.add(ANN)
    for _ in range(4):
        await desk.passes(10)
    assert await assigned(desk) == "Not taken in time by: U0Ann, U0Bob", (
        "after everybody was asked about, it is everybody's"
    )
    assert TimerKind.ASSIGN not in await desk.set()


async def test_a_look_that_takes_long_goes_on_after_the_timers_of_others(
    store: SqlStore, clock: ManualClock, staff: Staff
) -> None:
    staff.away |= {ANN, BOB}
    staff.slow = clock, 4.0
    desk = office(store, clock, staff)
    await desk.escalates()
    for checked in ([ANN], [ANN, BOB], [ANN, BOB, CLEO]):
        assert not await given(desk)
        assert await desk.passes(0.5) == 1
        assert staff.checked == checked
    assert await given(desk) == [CLEO]


async def test_the_customer_who_ends_a_snooze_has_somebody_looked_for(
    store: SqlStore, clock: ManualClock, staff: Staff
) -> None:
    desk = office(store, clock, staff)
    await desk.escalates()
    await desk.press(StaffAction.SNOOZE, text="hour", user=BOB)
    await desk.customer("Is anybody there?")
    assert await desk.passes(0) == 1
    assert await given(desk) == [ANN]
    await desk.customer("Hello?")
    assert await desk.passes(9) == 0
    assert await given(desk) == [ANN], "what they write after that begins nothing anew"


@pytest.mark.parametrize("minutes", [10, 0])
@pytest.mark.parametrize("opened_by", ["customer", "staff"])
@pytest.mark.parametrize("paused", ["while it was snoozed", "when it was back"])
async def test_a_case_that_rested_is_given_to_somebody_when_it_is_open(
    store: SqlStore, clock: ManualClock, staff: Staff, minutes: int, opened_by: str, paused: str
) -> None:
    desk = office(store, clock, staff, assign_seconds=minutes * 60.0)
    await desk.escalates()
    await desk.press(StaffAction.CLAIM)
    await desk.staff("Which version is it?")
    await desk.press(StaffAction.RELEASE)
    await desk.press(StaffAction.SNOOZE, text="hour", user=BOB)
    if paused == "while it was snoozed":
        await choose(desk, TicketStatus.PENDING)
    assert await desk.passes(60) == 1
    if paused == "when it was back":
        await choose(desk, TicketStatus.PENDING)
    for _ in range(3):
        assert await desk.passes(10) == 1
        assert not await given(desk), "it waits for its customer"
    await (desk.customer("It is 2.1") if opened_by == "customer" else choose(desk, TicketStatus.OPEN))
    await desk.passes(10)
    assert await given(desk) == [ANN]
