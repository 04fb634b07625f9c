"""What staff wrote last is followed up too, and as they meant it: what they took back or corrected since is not sent again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import MessageDeleted, MessageEdited, StaffAction
from core.domain.timers import TimerKind
from core.ports.store import Settlement
from core.storage.store import SqlStore
from handoff.texts import say
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_follow_ups import MAIL, shown_on_the_page
from tests.integration.desk.office_hours import CASE, HOME
from tests.integration.desk.test_follow_ups import SETTINGS, Left

THREAD = ConversationKey("slack", "main", CASE)
_WITHDRAWN = say("correction_withdrawn", "en")


class Thinking(Left):
    """Staff have five seconds to think again, and do so later as well."""

    def last(self) -> EventKey:
        """The event of what was written last."""
        return EventKey("slack", "main", f"m/C1/{self.events}.0")

    async def edits(self, target: EventKey, text: str) -> None:
        """In the thread; what it means for the customer goes to the page."""
        self.events += 1
        key = EventKey("slack", "main", f"x{self.events}")
        await self._accept(MessageEdited(key, THREAD, target, text, self.clock.now()))
        await shown_on_the_page(self.store, self.clock)

    async def deletes(self, target: EventKey) -> None:
        """As above."""
        self.events += 1
        key = EventKey("slack", "main", f"x{self.events}")
        await self._accept(MessageDeleted(key, THREAD, target, self.clock.now()))
        await shown_on_the_page(self.store, self.clock)

    async def leaves_it(self, text: str) -> EventKey:
        """They write, and the time to take it back goes by."""
        await self.staff(text)
        event = self.last()
        self.clock.move(6)
        await shown_on_the_page(self.store, self.clock)
        return event

    async def gives_away(self) -> None:
        """Somebody else takes it over."""
        await self.press(StaffAction.TAKE_OVER, user="bob")
        await shown_on_the_page(self.store, self.clock)

    async def read_on_the_page(self) -> None:
        """All there is."""
        await self.store.note_shown(HOME.conversation_id, await self.store.head(HOME.conversation_id))


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> Thinking:
    """The customer has left an address, and Grace has come."""
    found = Thinking(store, clock, replace(SETTINGS, undo_seconds=5.0))
    await found.leave("Write to ada@example.com")
    return found


async def test_what_is_written_just_before_the_timer_rings_is_followed_up(office: Thinking) -> None:
    """Also where everything before was read, so that there was nothing to decide."""
    await office.leaves_it("One moment, I am looking.")
    await office.read_on_the_page()
    office.clock.move(295)
    await office.staff("It is in Berlin.")
    office.clock.move(4)
    assert await office.loop.once() == 1
    assert TimerKind.FOLLOW_UP in await office.set()
    office.clock.move(5)
    await shown_on_the_page(office.store, office.clock)
    found = []
    for _ in range(3):
        await office.passes(5.1)
        found += await office.mails()
    assert ["It is in Berlin." in mail.text for mail in found] == [True]
    assert TimerKind.FOLLOW_UP not in await office.set()


async def test_also_where_staff_were_told_that_nothing_can_be_sent(store: SqlStore, clock: ManualClock) -> None:
    office = Thinking(store, clock, replace(SETTINGS, undo_seconds=5.0))
    await office.leave()
    await office.leaves_it("One moment, I am looking.")
    office.clock.move(298)
    await office.staff("It is in Berlin.")
    office.clock.move(3)
    assert await office.loop.once() == 1
    told = say("staff_follow_up_no_address", "en")
    assert (await office.remarks()).count(told) == 1
    office.clock.move(5)
    await shown_on_the_page(office.store, office.clock)
    await office.customer("Write to ada@example.com")
    for _ in range(2):
        await office.passes(5.1)
    (mail,) = await office.mails()
    assert "It is in Berlin." in mail.text


async def test_what_staff_deleted_is_not_mailed(office: Thinking) -> None:
    """Nor that it was: nobody has read it."""
    event = await office.leaves_it("Bob's card number is 4242.")
    await office.deletes(event)
    assert _WITHDRAWN in await office.reads(), "the page has it, and may show it yet"
    await office.passes(5.1)
    assert not await office.mails()
    assert TimerKind.FOLLOW_UP not in await office.set()
    await office.leaves_it("Your parcel is in Berlin.")
    await office.passes(5.1)
    (mail,) = await office.mails()
    assert "4242" not in mail.text
    assert _WITHDRAWN not in mail.text
    assert "Berlin" in mail.text


async def test_nor_what_they_made_a_note_of(office: Thinking) -> None:
    event = await office.leaves_it("Ask Bob about this one.")
    await office.edits(event, f"{SETTINGS.note_sign} Ask Bob about this one.")
    await office.passes(5.1)
    assert not await office.mails()


async def test_what_staff_corrected_is_mailed_as_it_is_right(office: Thinking) -> None:
    event = await office.leaves_it("It comes on Monday.")
    await office.leaves_it("By lorry.")
    await office.edits(event, "It comes on Sunday.")
    await office.edits(event, "It comes on Tuesday.")
    await office.passes(5.1)
    (mail,) = await office.mails()
    assert mail.text.split("\n\n")[1:-1] == ["It comes on Tuesday.", "By lorry."]


async def test_a_correction_of_what_was_read_is_mailed(office: Thinking) -> None:
    event = await office.leaves_it("It comes on Monday.")
    await office.read_on_the_page()
    await office.edits(event, "It comes on Tuesday.")
    await office.passes(5.1)
    (mail,) = await office.mails()
    assert "Correction: It comes on Tuesday." in mail.text


async def test_words_that_somebody_else_owns_by_now_are_not_changed_in_the_mail(office: Thinking) -> None:
    """As on the page: whoever gave the conversation away says nothing new in it. What they deleted is not sent all the same."""
    kept = await office.leaves_it("It comes on Monday.")
    gone = await office.leaves_it("Bob's card number is 4242.")
    await office.gives_away()
    await office.edits(kept, "It comes on Tuesday.")
    await office.deletes(gone)
    await office.passes(5.1)
    (mail,) = await office.mails()
    assert "Monday" in mail.text
    assert "4242" not in mail.text


async def test_a_mailbox_that_refuses_is_told_once_though_two_things_find_it_so(
    store: SqlStore, clock: ManualClock
) -> None:
    """What was decided before cannot go, nor can what is new: the hub was away when the timer should have rung."""
    office = Left(store, clock, SETTINGS)
    await office.leave("Write to ada@example.com")
    await office.writes("Number 1")
    await office.passes(5.1)
    await office.writes("Number 2")
    clock.move(640)
    for one in await office.out(MAIL):
        waits = Settlement(one.id, one.token, DeliveryStatus.DUE, error="535", retry_after=0.0, authorised=False)
        await store.settle([waits])
    assert await office.loop.once() == 1
    assert sum("nothing can be sent by e-mail" in text for text in await office.remarks()) == 1
    assert TimerKind.FOLLOW_UP in await office.set(), "it is tried again"
