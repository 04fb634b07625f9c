"""What staff wrote or pressed before the customer's last words answers none of them, however late its turn is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from core.domain.keys import EventKey
from core.domain.messages import MessageDeleted, MessageReceived, StaffAction
from core.domain.timers import TimerKind
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import HOME, OfficeHours
from tests.integration.desk.test_timers import SETTINGS


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    """Grace has answered all that there was."""
    made = OfficeHours(store, clock, SETTINGS)
    await made.escalates()
    await made.press(StaffAction.CLAIM)
    await made.staff("Hello")
    return made


async def _held_up(office: OfficeHours, event: MessageReceived, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Its turn is decided, and waits for something before it is committed, such as a translation."""
    (result,) = await office.store.accept([Acceptable(event)])
    assert not isinstance(result, Exception), result
    (state,) = await office.store.claim(10, 60.0, history=60)
    office.clock.move(1)
    outcome = await office.turn.run(state)
    await meanwhile()
    (finished,) = await office.store.finish([outcome])
    assert finished.held
    assert not finished.outdated


async def test_a_reply_that_was_written_before_the_customers_last_words_leaves_them_waiting(
    office: OfficeHours,
) -> None:
    await office.customer("A question")
    office.clock.move(120)

    async def asks_more() -> None:
        await office.customer("And another question")

    await _held_up(office, office.from_staff("The answer to the first"), asks_more)
    waits = (await office.set())[TimerKind.OWNER_SILENT]
    assert waits.detail == str(office.clock.now().timestamp()), "since the second, and not since the first"
    assert await office.passes(15.1) == 1
    (reminder,) = await office.posts("reminder")
    assert reminder.meta["mentions"] == ["grace"]
    await office.staff("And to the second")
    assert TimerKind.OWNER_SILENT not in await office.set()


async def test_a_turn_that_is_begun_late_sees_what_was_written_meanwhile(office: OfficeHours) -> None:
    await office.customer("A question")
    event = office.from_staff("The answer to the first")
    office.clock.move(1)
    await office.customer("And another question")
    (result,) = await office.store.accept([Acceptable(event)])
    assert not isinstance(result, Exception), result
    await office.works()
    assert TimerKind.OWNER_SILENT in await office.set()


async def test_what_the_customer_has_taken_back_waits_for_nobody(office: OfficeHours) -> None:
    event = office.from_staff("Is there anything else?")
    office.clock.move(1)
    slip = office.from_customer("A slip")
    gone = MessageDeleted(EventKey("web", "main", "x1"), HOME, slip.key, office.clock.now())
    for one in (slip, gone):
        (result,) = await office.store.accept([Acceptable(one)])
        assert not isinstance(result, Exception), result
        await office.works()
    (result,) = await office.store.accept([Acceptable(event)])
    assert not isinstance(result, Exception), result
    await office.works()
    assert TimerKind.OWNER_SILENT not in await office.set()


async def test_what_the_customer_wrote_after_the_press_is_not_put_aside(office: OfficeHours) -> None:
    press = office.from_staff("tomorrow", StaffAction.SNOOZE)
    office.clock.move(1)
    await office.customer("It is urgent now")
    (result,) = await office.store.accept([Acceptable(press)])
    assert not isinstance(result, Exception), result
    await office.works()
    assert set(await office.set()) == {TimerKind.OWNER_SILENT}
    assert (await office.posts("remark"))[-1].text == "Not put aside: the customer has written meanwhile."
