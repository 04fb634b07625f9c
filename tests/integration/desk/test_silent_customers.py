"""The customer of a pending case who does not answer: asked once, then the case is closed; never where staff owe them a word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.conversation import OwnershipState
from core.domain.messages import CustomerAction, StaffAction
from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from handoff.waits.notices import Notices
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_follow_ups import shown_on_the_page
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import CASE, LEASE, UNKNOWN, OfficeHours
from tests.integration.desk.test_follow_ups import Left
from tests.integration.desk.test_status import card, choose, remarks, ticket

DAY = 24 * 60.0
SETTINGS = HandoffSettings(
    remind_seconds=0.0,
    owner_seconds=0.0,
    honest_seconds=0.0,
    undo_seconds=0.0,
    nudge_seconds=3 * DAY * 60,
    close_seconds=2 * DAY * 60,
)
ASKED = "Do you still need help with this? Then just answer here. If we do not hear from you, we will close this conversation"
CLOSED = "We have not heard from you, so we have closed this conversation. Write again at any time if something is still open."


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    """Customers are asked after three days, and cases closed two days later."""
    return OfficeHours(store, clock, SETTINGS)


async def pending(office: OfficeHours) -> None:
    """Grace has asked the customer something."""
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.staff("Which version is it?")
    await deliver(office)
    await choose(office, TicketStatus.PENDING)


async def deliver(office: OfficeHours) -> None:
    """Whatever was said stands on the page."""
    await shown_on_the_page(office.store, office.clock)


async def test_asked_once_and_closed_with_a_true_word(office: OfficeHours) -> None:
    await pending(office)
    assert await office.passes(3 * DAY) == 1
    nudge = (await office.reads())[-1]
    assert nudge.startswith(ASKED)
    assert nudge.endswith("on Thursday at 9:00.")
    assert (await office.told())[-1].text == nudge, "staff read it as well"
    await deliver(office)
    assert await office.passes(2 * DAY) == 1
    assert (await office.reads())[-1] == CLOSED
    conversation = await office.conversation()
    assert (conversation.state, conversation.owner) == (OwnershipState.RESOLVED, None)
    assert (await ticket(office)).status is TicketStatus.RESOLVED
    assert (await card(office))["state"] == "resolved"
    assert "The customer has not answered, so this case was resolved." in await remarks(office)
    assert await office.set() == {}
    office.agent.reply = UNKNOWN
    await office.customer("Sorry, I was away. It is 2.1")
    assert (await office.conversation()).state is OwnershipState.QUEUED, "back in the same thread"
    assert (await ticket(office)).status is TicketStatus.OPEN


async def test_any_word_of_the_customers_clears_both(office: OfficeHours) -> None:
    await pending(office)
    await office.customer("2.1")
    assert TimerKind.NUDGE not in await office.set()
    await office.staff("Thanks, is it better now?")
    await deliver(office)
    await choose(office, TicketStatus.PENDING)
    assert await office.passes(3 * DAY) == 1
    await office.customer("Yes", CustomerAction.CONTACT)
    assert await office.passes(30 * DAY) == 0
    assert (await office.conversation()).state is OwnershipState.STAFF


async def test_a_score_that_is_pressed_is_no_word_of_theirs(office: OfficeHours) -> None:
    await pending(office)
    before = office.clock.now()
    office.clock.move(60.0)
    await office.accepts(replace(office.from_customer("5", CustomerAction.RATE), reply_to=CASE))
    await office.works()
    assert await office.store.rating(CASE) == (5, None)
    assert await office.store.written_since((await office.conversation()).id, before) is None
    assert await office.passes(3 * DAY) == 1
    assert (await office.reads())[-1].startswith(ASKED)


async def test_an_answer_of_staff_begins_it_anew(office: OfficeHours) -> None:
    await pending(office)
    office.clock.move(2 * DAY * 60)
    await office.staff("Here is a picture of where it stands")
    await deliver(office)
    assert await office.passes(2 * DAY) == 0
    assert await office.passes(DAY) == 1
    assert (await office.reads())[-1].startswith(ASKED)


async def test_nobody_is_asked_whom_staff_owe_a_word(office: OfficeHours) -> None:
    await office.escalates()
    await choose(office, TicketStatus.PENDING)
    assert await office.passes(30 * DAY) == 1
    assert not any(one.startswith(ASKED) for one in await office.reads())
    assert (await office.conversation()).state is OwnershipState.QUEUED


async def test_what_has_not_reached_the_customer_is_waited_for(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.staff("Which version is it?")
    await choose(office, TicketStatus.PENDING)
    assert await office.passes(3 * DAY) == 1
    assert not any(one.startswith(ASKED) for one in await office.reads())
    await deliver(office)
    assert await office.passes(60) == 1
    assert (await office.reads())[-1].startswith(ASKED)


@pytest.mark.parametrize("status", [TicketStatus.ON_HOLD, TicketStatus.OPEN])
async def test_only_a_pending_case_is_closed(office: OfficeHours, status: TicketStatus) -> None:
    await pending(office)
    await choose(office, status)
    assert await office.passes(30 * DAY) == 0


async def test_by_default_nobody_is_asked(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, replace(SETTINGS, nudge_seconds=0.0))
    await pending(office)
    assert await office.passes(30 * DAY) == 0


async def test_without_an_end_the_question_names_none(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, replace(SETTINGS, close_seconds=0.0))
    await pending(office)
    assert await office.passes(3 * DAY) == 1
    assert (await office.reads())[-1] == "Do you still need help with this? Then just answer here."
    assert await office.passes(30 * DAY) == 0


async def test_a_word_between_the_decision_and_its_commit_keeps_the_case_open(office: OfficeHours) -> None:
    await pending(office)
    await office.passes(3 * DAY)
    await deliver(office)
    office.clock.move(2 * DAY * 60)
    (due,) = await office.store.due_timers(10, LEASE)
    decision = await office.timers.decide(due.timer)
    (result,) = await office.store.accept([Acceptable(office.from_customer("2.1"))])
    assert not isinstance(result, Exception)
    assert (await office.store.finish_timer(due, decision)).outdated
    assert await office.passes(0) == 1, "decided anew, and nothing to do"
    await office.works()
    assert (await office.conversation()).state is OwnershipState.STAFF
    assert CLOSED not in await office.reads()


@BOTH_DATABASES
async def test_a_process_that_dies_over_it_is_replaced(open_store: OpenStore, clock: ManualClock) -> None:
    first, second = await open_store(), await open_store()
    office = OfficeHours(first, clock, SETTINGS)
    await pending(office)
    clock.move(3 * DAY * 60)
    (due,) = await first.due_timers(10, LEASE)
    late = await office.timers.decide(due.timer)
    clock.move(LEASE)
    assert await office.process(second).once() == 1
    assert not (await first.finish_timer(due, late)).held
    assert len([one for one in await office.reads() if one.startswith(ASKED)]) == 1
    assert (await office.set())[TimerKind.NUDGE].stage == 1


@pytest.mark.parametrize("language", ["de", "fr", "es", "ar", "pt"])
def test_it_is_said_in_the_customers_language(language: str, clock: ManualClock) -> None:
    notices = Notices(SETTINGS, clock.now())
    english = Notices(SETTINGS, clock.now()).nudge("en").text
    assert (notices.nudge(language).text == english) is (language == "pt")
    assert (notices.closed(CASE, language).text == CLOSED) is (language == "pt")


async def test_a_customer_who_left_the_page_is_asked_by_mail(store: SqlStore, clock: ManualClock) -> None:
    office = Left(store, clock, replace(SETTINGS, follow_up_seconds=300.0))
    await office.leave("Write to ada@example.com")
    await office.writes("Which version is it?")
    await office.passes(6)
    assert len(await office.mails()) == 1
    await choose(office, TicketStatus.PENDING)
    await office.passes(5)
    for days, words in ((3, ASKED), (2, CLOSED)):
        assert await office.passes(days * DAY) >= 1
        await deliver(office)
        await office.passes(6)
        (mail,) = await office.mails()
        assert mail.text.split("\n\n")[1].startswith(words)
        await office.passes(6)
