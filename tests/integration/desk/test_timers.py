"""What timers do to a case: reminders, the silent owner, snoozing, honesty; on both databases, by any process, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.messages import StaffAction
from core.domain.timers import Timer, TimerKind
from core.ports.outcomes import Transition
from core.ports.timers import TimerDecision
from core.storage.store import SqlStore
from core.timers import TimerLoop, TimerSettings
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import change_owner
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import CASE, LEASE, OfficeHours
from tests.patience import PATIENCE

SETTINGS = HandoffSettings(
    remind_seconds=600.0, owner_seconds=900.0, honest_seconds=0.0, on_call=("S0NCALL", "U0GRACE"), undo_seconds=0.0
)
HONEST = replace(SETTINGS, remind_seconds=0.0, owner_seconds=0.0, honest_seconds=300.0)
CLAIM, SNOOZE, GIVE_BACK = StaffAction.CLAIM, StaffAction.SNOOZE, StaffAction.RELEASE_SILENT


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    """With every timer but the honest word."""
    return OfficeHours(store, clock, SETTINGS)


async def test_a_case_that_nobody_takes_reminds_the_channel_then_those_on_call(office: OfficeHours) -> None:
    await office.escalates()
    assert await office.passes(9.9) == 0
    assert await office.passes(0.2) == 1
    (first,) = await office.posts("reminder")
    assert "Nobody has taken this conversation yet. The customer has been waiting for 10 min" in first.text
    assert (first.meta["mentions"], first.meta["loud"]) == ([], True)
    assert await office.passes(10) == 1
    (_, second) = await office.posts("reminder")
    assert second.meta["mentions"] == ["S0NCALL", "U0GRACE"]
    assert "20 min" in second.text
    assert await office.passes(10.1) == 0, "less often the longer it takes"
    assert await office.passes(10) == 1
    await office.press(CLAIM)
    assert await office.passes(24 * 60) == 1, "only the owner is reminded now"
    assert len(await office.posts("reminder")) == 4
    assert TimerKind.UNCLAIMED not in await office.set()


async def test_a_silent_owner_is_reminded_and_then_anybody_may_give_it_back(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.customer("Are you there?")
    assert await office.passes(15) == 1
    (reminder,) = await office.posts("reminder")
    assert reminder.meta["mentions"] == ["grace"]
    assert not reminder.meta["buttons"]
    await office.press(GIVE_BACK, user="linus")
    assert (await office.conversation()).owner == "grace", "that has not been offered yet"
    assert await office.passes(15) == 1
    (_, offer) = await office.posts("reminder")
    assert (offer.meta["buttons"], offer.meta["case"], offer.meta["loud"]) == ([str(GIVE_BACK)], CASE, True)
    await office.press(GIVE_BACK, user="linus")
    conversation = await office.conversation()
    assert (conversation.state, conversation.owner) == (OwnershipState.QUEUED, None)
    assert set(await office.set()) == {TimerKind.UNCLAIMED}
    card = (await office.posts("card_now"))[-1]
    assert card.meta["facts"]["state"] == "queued"


async def test_an_owner_who_is_gone_when_the_reminder_comes_gives_the_case_back(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.customer("Are you there?")
    office.people.left.add("grace")
    assert await office.passes(15) == 1
    conversation = await office.conversation()
    assert (conversation.state, conversation.owner) == (OwnershipState.QUEUED, None)
    (reminder,) = await office.posts("reminder")
    assert "Grace" in reminder.text
    assert (reminder.meta["mentions"], reminder.meta["loud"]) == (["S0NCALL", "U0GRACE"], True)
    assert (await office.posts("card_now"))[-1].meta["facts"]["state"] == "queued"
    assert set(await office.set()) == {TimerKind.UNCLAIMED}, "nobody reminds an account that is closed"
    assert await office.passes(10) == 1
    assert len(await office.posts("reminder")) == 2, "the channel is asked to take it"
    await office.press(CLAIM, user="linus")
    assert (await office.conversation()).owner == "linus"


async def test_an_owner_who_answers_in_time_is_left_alone(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.staff("Hello")
    assert await office.set() == {}
    await office.customer("A question")
    asked = (await office.set())[TimerKind.OWNER_SILENT].due_at
    office.clock.move(60)
    await office.customer("And another")
    assert (await office.set())[TimerKind.OWNER_SILENT].due_at == asked, "waiting since the first"
    await office.staff("// I have to look that up")
    assert TimerKind.OWNER_SILENT in await office.set(), "a note is no answer"
    await office.staff("Here it is")
    assert await office.passes(120) == 0
    assert not await office.posts("reminder")


async def test_the_button_of_an_old_offer_does_nothing(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.passes(15)
    await office.passes(15)
    await office.staff("I am here again")
    await office.press(GIVE_BACK, user="linus")
    assert (await office.conversation()).owner == "grace"
    assert (await office.posts("remark"))[-1].text.startswith("That is not needed any more: Grace")


async def test_a_snoozed_case_comes_back(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.press(SNOOZE, text="hour")
    assert set(await office.set()) == {TimerKind.SNOOZED}
    until = (await office.posts("card_now"))[-1].meta["facts"]["snoozed_until"]
    assert until == office.clock.now().timestamp() + 3600
    assert "it comes back today at 10:00" in (await office.posts("remark"))[-1].text
    assert await office.passes(59) == 0
    assert await office.passes(1) == 1
    (back,) = await office.posts("reminder")
    assert (back.meta["mentions"], back.meta["loud"]) == (["grace"], True)
    card = (await office.posts("card_now"))[-1].meta["facts"]
    assert (card["state"], card["owner"], card["snoozed_until"]) == ("staff", "Grace", None)
    assert set(await office.set()) == {TimerKind.OWNER_SILENT}


async def test_a_message_of_the_customer_ends_a_snooze(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(SNOOZE, text="tomorrow")
    assert set(await office.set()) == {TimerKind.SNOOZED}
    await office.customer("Hello?")
    assert set(await office.set()) == {TimerKind.UNCLAIMED}
    assert (await office.posts("remark"))[-1].text.startswith("The customer has written")
    assert (await office.posts("card_now"))[-1].meta["facts"]["snoozed_until"] is None


async def test_only_the_owner_puts_a_case_aside(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.press(SNOOZE, user="linus", text="hour")
    assert TimerKind.SNOOZED not in await office.set()
    assert (await office.posts("remark"))[-1].text == "Grace has this conversation."
    await office.press(SNOOZE, text="for ever")
    assert TimerKind.SNOOZED not in await office.set()


async def test_the_customer_is_told_once_that_it_takes_longer(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, HONEST)
    await office.escalates()
    assert await office.passes(5) == 1
    notice = (await office.reads())[-1]
    assert notice.startswith("I am sorry, it is taking longer")
    assert "leave your e-mail address or phone number" in notice
    assert (await office.told())[-1].text == notice, "staff see it as well"
    assert await office.passes(600) == 0
    await office.customer("ada@example.com")
    assert "I have noted ada@example.com" in (await office.reads())[-1]


async def test_who_has_left_an_address_is_not_asked_for_one(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, HONEST)
    await office.escalates()
    await office.customer("Reach me at ada@example.com")
    assert await office.passes(5) == 1
    notice = (await office.reads())[-1]
    assert "The team can also reach you at ada@example.com." in notice
    assert "leave your" not in notice


async def test_somebody_came_so_nothing_is_said(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, HONEST)
    await office.escalates()
    await office.press(CLAIM)
    said = await office.reads()
    assert await office.passes(600) == 0
    assert await office.reads() == said


async def test_outside_the_hours_the_true_opening_is_told_once(store: SqlStore, clock: ManualClock) -> None:
    """It is Saturday, 9:00 in UTC."""
    hours = parse_hours("Mon-Fri 09:00-17:00", "UTC")
    office = OfficeHours(store, clock, replace(SETTINGS, hours=hours, honest_seconds=300.0))
    await office.escalates()
    (transfer,) = await office.reads()
    assert "we are back on Monday at 9:00" in transfer
    assert "leave your e-mail address" in transfer
    await office.customer("Hello?")
    assert await office.reads() == [transfer], "known already"
    assert await office.passes(47 * 60) == 0, "nobody is reminded on a weekend"
    assert await office.passes(66) == 1
    assert (await office.reads())[-1].startswith("I am sorry, it is taking longer: nobody")
    assert await office.passes(5) == 1
    assert len(await office.posts("reminder")) == 1
    office.clock.move(9 * 3600)
    await office.customer("Still nobody?")
    assert "we are back tomorrow at 9:00" in (await office.reads())[-1]


async def test_a_claim_between_decision_and_commit_wins(office: OfficeHours) -> None:
    await office.escalates()
    office.clock.move(600)
    (due,) = await office.store.due_timers(10, LEASE)
    decision = await office.timers.decide(due.timer)
    assert decision.cross_writes
    before = len(await office.told())
    await office.press(CLAIM)
    shown = len(await office.told())
    assert shown > before
    assert not (await office.store.finish_timer(due, decision)).held
    assert len(await office.told()) == shown


async def test_a_change_of_hands_without_a_word_to_the_timer_still_wins(office: OfficeHours) -> None:
    """From outside a turn: the timer's row is there, but the conversation is another's."""
    await office.escalates()
    office.clock.move(600)
    (due,) = await office.store.due_timers(10, LEASE)
    decision = await office.timers.decide(due.timer)
    home = (await office.conversation()).id
    await change_owner(office.store, home, Transition(OwnershipEvent.CLAIM, owner="grace"))
    finished = await office.store.finish_timer(due, decision)
    assert finished.outdated
    assert not await office.posts("reminder")
    assert await office.passes(0) == 1, "decided anew, and nothing to do"
    assert not await office.posts("reminder")
    assert await office.set() == {}


@BOTH_DATABASES
async def test_of_many_processes_one_reminds(open_store: OpenStore, clock: ManualClock) -> None:
    stores = [await open_store() for _ in range(3)]
    office = OfficeHours(stores[0], clock, SETTINGS)
    await office.escalates()
    clock.move(600)
    done = await asyncio.gather(*(office.process(store).once() for store in stores * 2))
    assert sum(done) == 1
    assert len(await office.posts("reminder")) == 1


@BOTH_DATABASES
async def test_a_process_that_dies_over_a_timer_is_replaced(open_store: OpenStore, clock: ManualClock) -> None:
    """It had claimed it, and perhaps decided; nothing of that is seen until another does it, once."""
    first, second = await open_store(), await open_store()
    office = OfficeHours(first, clock, SETTINGS)
    await office.escalates()
    clock.move(600)
    (due,) = await first.due_timers(10, LEASE)
    late = await office.timers.decide(due.timer)
    other = office.process(second)
    assert await other.once() == 0, "its lease holds"
    clock.move(LEASE)
    assert await other.once() == 1
    assert not (await first.finish_timer(due, late)).held, "it was only frozen"
    assert len(await office.posts("reminder")) == 1
    assert (await office.set())[TimerKind.UNCLAIMED].stage == 1


async def test_one_broken_timer_does_not_hold_up_the_others(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, replace(SETTINGS, honest_seconds=600.0))
    await office.escalates()
    healthy = office.timers.decide

    async def ring(timer: Timer) -> TimerDecision:
        if timer.kind is TimerKind.NOBODY_CAME:
            raise RuntimeError("This one is broken.")
        return await healthy(timer)

    loop = TimerLoop(store, ring, office.wake, TimerSettings(lease=LEASE))
    clock.move(600)
    assert await loop.once() == 2
    assert len(await office.posts("reminder")) == 1
    assert TimerKind.NOBODY_CAME in await office.set(), "it comes due again"


async def test_a_started_loop_rings_by_itself_and_stops(office: OfficeHours) -> None:
    await office.escalates()
    office.clock.move(600)
    office.loop.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while not await office.posts("reminder"):  # noqa: ASYNC110 - the loop polls as well
                await asyncio.sleep(0.01)
    finally:
        await office.loop.stop()
    await office.loop.stop()
