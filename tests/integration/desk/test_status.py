"""How a case stands, from its card, over a real store: pending until the customer writes, on hold until staff say otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from config.desk.fields import parse_fields
from core.domain.messages import StaffAction
from core.domain.ticket import EntryKind, Ticket, TicketStatus
from core.domain.timers import TimerKind
from core.ports.tickets import Holder
from core.ports.timers import TimerDecision
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from handoff.waits.case_rules import PAUSING
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import CASE, LEASE, OfficeHours

SETTINGS = HandoffSettings(remind_seconds=600.0, owner_seconds=900.0, honest_seconds=0.0, undo_seconds=0.0)
CLAIM, SNOOZE, TICKET = StaffAction.CLAIM, StaffAction.SNOOZE, StaffAction.TICKET
RELEASE = StaffAction.RELEASE


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    """Staff at work."""
    return OfficeHours(store, clock, SETTINGS)


async def ticket(office: OfficeHours) -> Ticket:
    """The case's, with its history."""
    home = await office.conversation()
    customer = await office.store.customer(home.id, CASE)
    assert customer is not None
    number = str((await card(office))["ticket"])
    found = await office.store.ticket(Holder.of(customer, home.id), number)
    assert found is not None
    return found


async def card(office: OfficeHours) -> dict[str, Any]:
    """What it shows now."""
    return dict(next(one.meta["facts"] for one in reversed(await office.told()) if "facts" in one.meta))


async def choose(office: OfficeHours, status: TicketStatus, user: str = "grace") -> None:
    """In the form of the ticket."""
    await office.staff(json.dumps({"ticket_status": status}), TICKET, user)


async def remarks(office: OfficeHours) -> list[str]:
    return [one.text for one in await office.posts("remark")]


@pytest.mark.parametrize("from_menu", [True, False])
async def test_a_pending_case_is_open_again_when_the_customer_writes(office: OfficeHours, from_menu: bool) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.staff("Which version is it?")
    if from_menu:
        await office.press(SNOOZE, text="pending")
    else:
        await choose(office, TicketStatus.PENDING)
    shown = await card(office)
    assert {**shown, "status": "pending", "state": "staff", "owner": "Grace"} == shown
    assert "Grace has changed the ticket. Status: pending: waiting for the customer" in await remarks(office)
    assert await office.passes(24 * 60) == 0, "nobody is reminded of it"
    await office.customer("It is 2.1")
    assert (await ticket(office)).status is TicketStatus.OPEN
    shown = await card(office)
    assert {**shown, "status": "open", "state": "staff", "owner": "Grace"} == shown
    assert "The customer has written, so this case is open again." in await remarks(office)
    assert TimerKind.OWNER_SILENT in await office.set()
    told = [(one.actor, one.text) for one in (await ticket(office)).history if one.kind is EntryKind.STATUS]
    assert told == [("grace", "pending"), ("customer", "open")]


async def test_a_case_on_hold_stays_on_hold_and_its_owner_is_reminded_of_the_customer(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.staff("I have asked the carrier")
    await choose(office, TicketStatus.ON_HOLD)
    assert await office.passes(24 * 60) == 0
    await office.customer("Any news?")
    assert (await ticket(office)).status is TicketStatus.ON_HOLD
    assert (await card(office))["status"] == "on_hold"
    assert await office.passes(15) == 1
    assert len(await office.posts("reminder")) == 1


async def test_staff_open_it_again_and_are_reminded_where_the_customer_waits(office: OfficeHours) -> None:
    await office.escalates()
    await choose(office, TicketStatus.ON_HOLD)
    assert TimerKind.UNCLAIMED not in await office.set()
    await choose(office, TicketStatus.OPEN)
    assert TimerKind.UNCLAIMED in await office.set()
    await office.press(CLAIM)
    await office.staff("Hello")
    await choose(office, TicketStatus.ON_HOLD)
    await choose(office, TicketStatus.OPEN)
    assert TimerKind.OWNER_SILENT not in await office.set(), "the customer has their answer"


async def test_it_does_not_wait_for_a_customer_who_has_written_meanwhile(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    press = office.from_staff("pending", SNOOZE)
    office.clock.move(1)
    await office.customer("One more thing")
    await office._accept(press)
    assert (await ticket(office)).status is TicketStatus.OPEN
    assert (await remarks(office))[-1] == "The customer has just written, so this case stays open."


async def test_a_snoozed_case_that_is_pending_wakes_once(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.staff("Which version?")
    await office.press(SNOOZE, text="hour")
    await choose(office, TicketStatus.PENDING)
    await office.customer("2.1")
    shown = await card(office)
    assert (shown["status"], shown["snoozed_until"]) == ("open", None)
    assert set(await office.set()) == {TimerKind.OWNER_SILENT}


async def test_the_end_of_a_snooze_reminds_nobody_of_what_is_on_hold(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await choose(office, TicketStatus.ON_HOLD)
    await office.press(SNOOZE, text="hour")
    assert await office.passes(60) == 1
    assert await office.set() == {}
    assert (await card(office))["status"] == "on_hold"


async def test_own_fields_are_kept_shown_and_for_staff_alone(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, replace(SETTINGS, fields=parse_fields("Plan: free, pro; Order number")))
    await office.escalates()
    await office.press(CLAIM)

    async def fill_in(**values: str) -> None:
        given = {f"ticket_field:{name.replace('_', ' ')}": value for name, value in values.items()}
        await office.staff(json.dumps(given), TICKET)

    await fill_in(Plan="pro", Order_number=" A-1 \n\x07 " + "x" * 200, Salary="1000")
    kept = {"Plan": "pro", "Order number": "A-1 " + "x" * 86}
    assert (await ticket(office)).fields == (await card(office))["fields"] == kept
    assert "Plan: pro, Order number: A-1 x" in (await remarks(office))[-1]
    await fill_in(Plan="gold", Order_number="")
    assert (await ticket(office)).fields == {"Plan": "pro"}, "gold is no choice"
    await fill_in(Plan="–")
    found = await ticket(office)
    assert found.fields == {}
    told = [one.text for one in found.history if one.kind is EntryKind.FIELD]
    assert told == ["Plan: pro", f"Order number: {kept['Order number']}", "Order number: –", "Plan: –"]
    await fill_in(Plan="free")
    log = [one for one in await office.store.case_log(CASE) if one.what == "field"]
    assert (log[-1].actor, log[-1].text) == ("grace", "Plan: free")
    customers = (await ticket(office)).for_customer()
    assert (customers.fields, [one for one in customers.history if one.kind is EntryKind.FIELD]) == ({}, [])
    customer = await office.store.customer((await office.conversation()).id, CASE)
    assert customer is not None
    (past,) = await office.store.past(customer, (await office.conversation()).id, offset=0, limit=10)
    assert past.cases[0].ticket_fields == {"Plan": "free"}
    await office.press(StaffAction.RELEASE)
    assert (await card(office))["fields"] == {"Plan": "free"}, "whatever else happens to the card"


async def test_a_closed_case_keeps_its_status(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.press(StaffAction.RESOLVE)
    await office.staff(json.dumps({"ticket_status": "on_hold", "ticket_priority": "high"}), TICKET)
    found = await ticket(office)
    assert (found.status, found.priority) == (TicketStatus.RESOLVED, "high")
    assert (await card(office))["state"] == "resolved"


async def test_of_an_owner_who_is_gone_the_case_waits_open(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.staff("Which version?")
    await choose(office, TicketStatus.PENDING)
    office.people.left.add("grace")
    await office.customer("2.1")
    assert (await ticket(office)).status is TicketStatus.OPEN
    shown = await card(office)
    assert (shown["state"], shown["status"]) == ("queued", "open")
    assert TimerKind.UNCLAIMED in await office.set()


async def test_words_that_only_pass_through_a_queued_case_leave_its_reminder(office: OfficeHours) -> None:
    await office.escalates()
    due = (await office.set())[TimerKind.UNCLAIMED].due_at
    office.clock.move(60)
    await office.customer("Hello?")
    assert (await office.set())[TimerKind.UNCLAIMED].due_at == due


@pytest.mark.parametrize("status", PAUSING)
async def test_whoever_has_it_next_is_not_reminded_of_a_paused_case(
    store: SqlStore, clock: ManualClock, status: TicketStatus
) -> None:
    office = OfficeHours(store, clock, replace(SETTINGS, honest_seconds=300.0))
    await office.escalates()
    await office.press(CLAIM)
    await office.staff("Which version is it?")
    await choose(office, status)
    office.clock.move(24 * 3600)
    said = len(await office.reads())
    for action, user in ((RELEASE, "grace"), (CLAIM, "linus"), (RELEASE, "linus")):
        await office.press(action, user)
        assert await office.set() == {}
        assert await office.passes(24 * 60) == 0
    assert not await office.posts("reminder")
    assert not [one for one in (await office.reads())[said:] if "taking longer" in one]


async def test_a_customer_who_has_their_answer_is_not_told_that_it_takes_longer(
    store: SqlStore, clock: ManualClock
) -> None:
    office = OfficeHours(store, clock, replace(SETTINGS, honest_seconds=300.0))
    await office.escalates()
    await office.press(CLAIM)
    await office.press(RELEASE)
    assert TimerKind.NOBODY_CAME in await office.set(), "they still wait"
    await office.press(CLAIM)
    await office.staff("Hello")
    await office.press(RELEASE)
    assert set(await office.set()) == {TimerKind.UNCLAIMED}


async def test_who_wrote_to_a_case_on_hold_is_remembered_by_whoever_has_it_next(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await choose(office, TicketStatus.ON_HOLD)
    await office.customer("Any news?")
    await office.press(RELEASE)
    assert set(await office.set()) == {TimerKind.UNCLAIMED}
    assert await office.passes(10) == 1
    await office.press(CLAIM, "linus")
    assert set(await office.set()) == {TimerKind.OWNER_SILENT}
    office.people.left.add("linus")
    await office.customer("Hello?")
    assert set(await office.set()) == {TimerKind.UNCLAIMED}


@pytest.mark.parametrize("owned", [True, False])
async def test_a_reminder_that_a_paused_case_still_has_says_nothing(office: OfficeHours, owned: bool) -> None:
    await office.escalates()
    await office.press(CLAIM)
    if owned:
        await office.customer("Are you there?")
    else:
        await office.press(RELEASE)
    office.clock.move(24 * 3600)
    (due,) = await office.store.due_timers(10, LEASE)
    await office.staff("Which version is it?", None if owned else StaffAction.REPLY)
    await choose(office, TicketStatus.PENDING)
    if not owned:
        await office.press(RELEASE)
    assert await office.timers.decide(due.timer) == TimerDecision()
