"""What staff take back or change while their thread is busy, and what is said of what never reached the customer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.delivery import DeliveryStatus
from core.domain.errors import NotYet
from core.domain.messages import StaffAction
from core.domain.timers import TimerKind
from core.ports.store import Settlement
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.busy_desk import UNDO, BusyDesk


@pytest.fixture
async def desk(store: SqlStore, clock: ManualClock) -> BusyDesk:
    """Grace has a case, and all that was said so far has been sent."""
    made = BusyDesk(store, clock)
    await made.escalates()
    await made.press(StaffAction.CLAIM)
    await made.sends()
    made.heard.clear()
    return made


async def test_what_is_deleted_in_time_is_not_sent_however_busy_the_thread_is(
    desk: BusyDesk, clock: ManualClock
) -> None:
    said = await desk.writes("he is a fraud")
    await desk.accepts(desk.change(said, None))
    clock.move(UNDO + 60)
    await desk.sends()
    assert desk.heard == [], "its turn has not been yet"
    await desk.works()
    clock.move(1)
    await desk.sends()
    assert desk.heard == []
    assert "Taken back before it was sent." in await desk.remarks()


async def test_what_is_edited_in_time_is_sent_as_it_is_then(desk: BusyDesk, clock: ManualClock) -> None:
    said = await desk.writes("10 euros")
    await desk.writes("Bye")
    await desk.accepts(desk.change(said, "12 euros"))
    clock.move(UNDO + 60)
    await desk.sends()
    assert desk.heard == [], "what follows does not overtake it"
    await desk.works()
    clock.move(1)
    await desk.sends()
    assert desk.heard == ["12 euros", "Bye"]


async def test_a_draft_that_is_taken_back_in_time_is_not_sent_however_busy_the_thread_is(
    desk: BusyDesk, clock: ManualClock
) -> None:
    await desk.staff("Oops", StaffAction.REPLY)
    (shown,) = await desk.posts("outgoing")
    await desk.accepts(desk.from_staff(str(shown.meta["source"]), StaffAction.TAKE_BACK))
    clock.move(UNDO + 60)
    await desk.sends()
    await desk.works()
    clock.move(1)
    await desk.sends()
    assert desk.heard == []


async def test_a_dead_letter_whose_author_deleted_it_is_not_sent_when_it_is_revived(
    desk: BusyDesk, clock: ManualClock
) -> None:
    said = await desk.writes("Old news")
    clock.move(UNDO + 1)
    await desk.sends(DeliveryStatus.DEAD)
    await desk.accepts(desk.change(said, None))
    await desk.works()
    (letter,) = await desk.store.dead_letters()
    assert await desk.store.revive(letter.id)
    await desk.sends()
    assert desk.heard == []


@pytest.mark.parametrize("change", [None, "// he is a fraud", "He is a friend"])
async def test_of_what_never_reached_the_customer_nothing_is_said_to_them(
    desk: BusyDesk, clock: ManualClock, change: str | None
) -> None:
    await desk.writes("Hello")
    said = await desk.writes("he is a fraud")
    await desk.accepts(desk.change(said, "// he is a fraud"))
    await desk.works()
    clock.move(UNDO + 1)
    await desk.sends()
    assert desk.heard == ["Hello"]
    await desk.accepts(desk.change(said, change))
    await desk.works()
    await desk.sends()
    assert desk.heard == ["Hello"]
    told = [one for one in await desk.remarks() if "did not reach the customer" in one]
    assert len(told) == (1 if change == "He is a friend" else 0)


@pytest.mark.parametrize("change", [None, "Hello again"])
async def test_a_reply_that_was_refused_is_neither_corrected_nor_withdrawn(
    desk: BusyDesk, clock: ManualClock, change: str | None
) -> None:
    said = await desk.writes("Hello")
    clock.move(UNDO + 1)
    await desk.sends(DeliveryStatus.DEAD)
    await desk.accepts(desk.change(said, change))
    await desk.works()
    await desk.sends()
    assert desk.heard == []
    assert len([one for one in await desk.remarks() if "write it anew" in one]) == (0 if change is None else 1)


async def test_what_may_have_arrived_is_withdrawn(desk: BusyDesk, clock: ManualClock) -> None:
    said = await desk.writes("Hello")
    clock.move(UNDO + 1)
    (one,) = await desk.lane()
    doubt = Settlement(one.id, one.token, DeliveryStatus.DEAD, error="Twice without an answer.", uncertain=True)
    await desk.store.settle([doubt])
    await desk.accepts(desk.change(said, None))
    await desk.works()
    await desk.sends()
    assert desk.heard == ["Please disregard my last message; it was sent by mistake."]


async def test_an_earlier_message_that_is_taken_back_is_named(desk: BusyDesk, clock: ManualClock) -> None:
    """Otherwise the customer would disregard what is right. Once is enough, however often staff change it afterwards."""
    wrong = await desk.writes("Your parcel is in Bonn")
    await desk.writes("Your parcel is in Berlin")
    clock.move(UNDO + 1)
    await desk.sends()
    for change in (None, "// it was wrong", ""):
        await desk.accepts(desk.change(wrong, change))
        await desk.works()
        await desk.sends()
    assert desk.heard[2:] == [
        "Please disregard this earlier message of mine, which was sent by mistake: “Your parcel is in Bonn”"
    ]
    assert [one for one in await desk.remarks() if "asked to disregard it" in one]


async def test_what_is_put_right_after_it_was_withdrawn_can_be_withdrawn_again(
    desk: BusyDesk, clock: ManualClock
) -> None:
    said = await desk.writes("10 euros")
    clock.move(UNDO + 1)
    await desk.sends()
    for change in ("// 10 euros", "12 euros", None):
        await desk.accepts(desk.change(said, change))
        await desk.works()
        await desk.sends()
    withdrawn = "Please disregard my last message; it was sent by mistake."
    assert desk.heard == ["10 euros", withdrawn, "Correction: 12 euros", withdrawn]


async def test_what_is_being_sent_is_waited_for_and_then_corrected(desk: BusyDesk, clock: ManualClock) -> None:
    said = await desk.writes("10 euros")
    clock.move(UNDO + 1)
    (one,) = await desk.lane()
    await desk.accepts(desk.change(said, "12 euros"))
    (state,) = await desk.store.claim(10, 5.0, history=60)
    with pytest.raises(NotYet):
        await desk.turn.run(state)
    await desk.store.postpone(state.claim, delay=0.1, error="later", counts=False)
    await desk.store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    clock.move(1)
    await desk.works()
    await desk.sends()
    assert desk.heard == ["Correction: 12 euros"]


async def test_whoever_takes_their_answer_back_is_reminded_of_the_customer(desk: BusyDesk, clock: ManualClock) -> None:
    await desk.customer("Hello?")
    clock.move(60)
    said = await desk.writes("Soon")
    assert TimerKind.OWNER_SILENT not in await desk.set()
    await desk.accepts(desk.change(said, None))
    await desk.works()
    assert TimerKind.OWNER_SILENT in await desk.set()
    assert await desk.passes(15) == 1
    (reminder,) = await desk.posts("reminder")
    assert "16 min" in reminder.text, "since the customer wrote, not since it was taken back"


async def test_an_edit_that_slack_delivers_after_the_deletion_ends_no_waiting(
    desk: BusyDesk, clock: ManualClock
) -> None:
    await desk.customer("Hello?")
    said = await desk.writes("Soon")
    await desk.accepts(desk.change(said, None))
    await desk.accepts(desk.change(said, "Sooner"))
    await desk.works()
    clock.move(UNDO + 1)
    await desk.sends()
    assert desk.heard == []
    assert TimerKind.OWNER_SILENT in await desk.set()


async def test_a_draft_that_is_taken_back_leaves_the_customer_waiting(desk: BusyDesk) -> None:
    await desk.customer("Hello?")
    await desk.staff("Oops", StaffAction.REPLY)
    (shown,) = await desk.posts("outgoing")
    assert TimerKind.OWNER_SILENT not in await desk.set()
    await desk.staff(str(shown.meta["source"]), StaffAction.TAKE_BACK)
    assert TimerKind.OWNER_SILENT in await desk.set()


async def test_who_has_another_answer_does_not_wait(desk: BusyDesk) -> None:
    await desk.customer("Hello?")
    await desk.writes("Here I am")
    said = await desk.writes("typo")
    await desk.accepts(desk.change(said, None))
    await desk.works()
    assert TimerKind.OWNER_SILENT not in await desk.set()


@pytest.mark.parametrize("text", ["", "See this"])
async def test_what_is_forwarded_stays_inside_and_its_author_reads_so(
    desk: BusyDesk, clock: ManualClock, text: str
) -> None:
    await desk.accepts(replace(desk.from_staff(text), left_out=("He is a fraud",)))
    await desk.works()
    clock.move(UNDO + 1)
    await desk.sends()
    assert desk.heard == ([text] if text else [])
    (told,) = [one for one in await desk.remarks() if "forwarded" in one]
    assert "“He is a fraud”" in told
