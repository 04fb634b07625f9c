"""Who is written to, by which road, when and how often; and what staff are told where nobody can be."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace

import pytest

from core.domain.capabilities import Capabilities
from core.domain.contact_route import ContactRoute
from core.domain.customer import ContactDetails, Identity
from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage, StaffAction
from core.domain.timers import TimerKind
from core.ports.follow_ups import ContactRoutes
from core.ports.store import Acceptable, Delivery, Settlement, TurnOutcome
from core.storage.store import SqlStore
from core.timers import TimerLoop, TimerSettings
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.texts import languages, say
from handoff.waits.follow_up import FollowUpTimers
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE as SENDING
from tests.contract.stores.test_follow_ups import MAIL, PHONE, by_route, shown_on_the_page
from tests.integration.desk.office_hours import HOME, LEASE, OfficeHours

SETTINGS = HandoffSettings(
    remind_seconds=0.0, owner_seconds=0.0, honest_seconds=0.0, undo_seconds=0.0, follow_up_seconds=300.0, follow_ups=2
)
NUMBER = "+1 202-555-0143"


def routes(contact: ContactDetails, home: ConversationKey) -> Sequence[ContactRoute]:
    """A mailbox and a number of ours are set up."""
    found = []
    if contact.email:
        found.append(ContactRoute(ConversationKey(*MAIL, f"of {home.thread}"), contact.email, contact.email))
    if contact.phone:
        found.append(ContactRoute(ConversationKey(*PHONE, f"+15550199/{contact.phone}"), contact.phone, contact.phone))
    return found


class Left(OfficeHours):
    """The customer writes on a page, and is not there when staff do."""

    routes: ContactRoutes = staticmethod(routes)

    def parts(self, store: SqlStore) -> DeskParts:
        """With a page."""
        return replace(super().parts(store), channels={"web": Capabilities(text_limit=1000, event_log=True)})

    def process(self, store: SqlStore) -> TimerLoop:
        """One that follows up."""
        others = self.timers.decide
        decide = FollowUpTimers(others, self.parts(store), store, self.routes, self.settings, "Acme", {"sms"}).decide
        return TimerLoop(store, decide, self.wake, TimerSettings(lease=LEASE))

    async def leave(self, *words: str) -> None:
        """They asked for a person and left this; Grace has come."""
        await self.escalates()
        for text in words:
            await self.customer(text)
        await self.press(StaffAction.CLAIM)

    async def writes(self, text: str) -> None:
        """Grace, and it is logged for the page."""
        await self.staff(text)
        await shown_on_the_page(self.store, self.clock)

    async def decided_before(self, text: str, happens: Awaitable[None]) -> None:
        """Grace writes; something happens between what her turn decides and its commit."""
        await self.store.accept([Acceptable(self.from_staff(text))])
        (state,) = await self.store.claim(10, SENDING, history=60)
        decided = await self.turn.run(state)
        await happens
        (finished,) = await self.store.finish([decided])
        assert finished.held

    async def out(self, lane: tuple[str, str]) -> list[Delivery]:
        """What is to be sent there now."""
        return list(await self.store.claim_deliveries(*lane, 10, SENDING))

    async def mails(self, lane: tuple[str, str] = MAIL) -> list[OutboundMessage]:
        """What goes there now, and is gone then."""
        found = await self.out(lane)
        for one in found:
            await self.store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
        return [one.message for one in found]

    async def passes_in_vain(self) -> None:
        """Five minutes in which the provider does not take our credentials, as the lane finds out every half minute."""
        self.clock.move(290)
        for one in await self.out(MAIL):
            waits = Settlement(one.id, one.token, DeliveryStatus.DUE, error="535", retry_after=0.0, authorised=False)
            await self.store.settle([waits])
        await self.passes(0.4)

    async def remarks(self) -> list[str]:
        """What staff were told."""
        return [message.text for message in await self.posts("remark")]


class NoRoads(Left):
    """Neither e-mail nor SMS is set up."""

    routes: ContactRoutes = staticmethod(lambda contact, home: ())


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> Left:
    """Follow-ups after five minutes, two without an answer."""
    return Left(store, clock, SETTINGS)


async def test_by_mail_after_its_time_with_all_there_is(office: Left) -> None:
    await office.leave("Write to ada@example.com or call " + NUMBER)
    await office.writes("Your parcel is in Berlin.")
    office.clock.move(200)
    await office.writes("It comes on Monday.")
    assert await office.passes(1.5) == 0
    assert not await office.mails()
    assert await office.passes(0.2) == 1
    (mail,) = await office.mails()
    assert not await office.mails(PHONE), "e-mail is enough"
    assert (mail.author, mail.kind, mail.author_name) == (Author.STAFF, MessageKind.FOLLOW_UP, "Grace")
    assert mail.text.split("\n\n") == [
        say("follow_up_email", "en", company="Acme"),
        "Your parcel is in Berlin.",
        "It comes on Monday.",
        say("follow_up_email_end", "en"),
    ]
    assert mail.meta["subject"] == "Your conversation with Acme"


async def test_by_sms_where_there_is_only_a_number(office: Left) -> None:
    await office.leave("My number is " + NUMBER)
    await office.writes("Your parcel is in Berlin.")
    await office.passes(5.1)
    (text,) = await office.mails(PHONE)
    assert "Grace: Your parcel is in Berlin." in text.text
    assert text.author_name is None, "the name stands in it already"


async def test_a_number_with_a_conversation_of_its_own_gets_none_by_sms(office: Left) -> None:
    """Somebody else may have typed it; by e-mail, or not at all."""
    (_, route) = routes(ContactDetails(email="ada@example.com", phone=NUMBER), HOME)
    await office.store.accept([by_route("SM0", "My parcel is late", route)])
    (state,) = await office.store.claim(10, SENDING, history=20)
    await office.store.finish([TurnOutcome(state.claim, state.pending[-1].seq)])
    await office.leave("My number is " + NUMBER)
    await office.writes("Your parcel is in Berlin.")
    await office.passes(5.1)
    assert not await office.mails(PHONE)
    assert say("staff_follow_up_no_road", "en") in await office.remarks()
    await office.customer("Or write to ada@example.com")
    await office.writes("It comes on Monday.")
    await office.passes(5.1)
    assert len(await office.mails()) == 1


async def test_a_reply_that_was_decided_while_they_came_back_is_followed_up(office: Left) -> None:
    """It was to go by mail, and went to the page; nobody has seen it there."""
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    await office.passes(5.1)
    await office.mails()
    (route,) = routes(ContactDetails(email="ada@example.com"), HOME)
    await office.store.accept([by_route("mail-1", "Thanks", route)])
    await office.works()
    await office.decided_before("It comes on Monday.", office.customer("I am back"))
    await shown_on_the_page(office.store, office.clock)
    assert not await office.mails()
    await office.passes(5.1)
    assert ["It comes on Monday." in mail.text for mail in await office.mails()] == [True]


async def test_what_went_by_mail_at_once_does_not_go_twice(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    await office.passes(5.1)
    await office.mails()
    (route,) = routes(ContactDetails(email="ada@example.com"), HOME)
    await office.store.accept([by_route("mail-1", "Thanks", route)])
    await office.works()
    await office.writes("It comes on Monday.")
    assert [mail.text for mail in await office.mails()] == ["It comes on Monday."]
    for _ in range(3):
        await office.passes(5.1)
        assert not await office.mails()
    assert TimerKind.FOLLOW_UP not in await office.set()


async def test_who_reads_it_on_the_page_gets_nothing(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    await office.store.note_shown(HOME.conversation_id, await office.store.head(HOME.conversation_id))
    await office.passes(5.1)
    assert not await office.mails()
    assert TimerKind.FOLLOW_UP not in await office.set()
    await office.writes("And this is new.")
    await office.passes(5.1)
    assert "Your parcel" not in (await office.mails())[0].text


async def test_without_an_address_staff_hear_of_it_once(office: Left) -> None:
    await office.leave()
    await office.writes("Where do you live?")
    await office.passes(5.1)
    await office.passes(30)
    told = say("staff_follow_up_no_address", "en")
    assert [text for text in await office.remarks() if text == told] == [told]


async def test_where_nothing_can_be_sent_to_their_address_staff_hear_of_it(store: SqlStore, clock: ManualClock) -> None:
    """They were asked for it, so somebody has to know that it is for them to use."""
    office = NoRoads(store, clock, SETTINGS)
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    await office.passes(5.1)
    await office.passes(30)
    told = say("staff_follow_up_no_road", "en")
    assert [text for text in await office.remarks() if text == told] == [told]


async def test_an_address_gets_one_in_its_time_and_so_many_without_an_answer(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    for number in (1, 2):
        await office.writes(f"Number {number}")
        await office.passes(5.1)
        assert len(await office.mails()) == 1
    await office.writes("Number 3")
    await office.passes(5.1)
    assert not await office.mails()
    assert say("staff_follow_up_enough", "en", count="2", address="a…@example.com") in await office.remarks()


async def test_another_conversation_with_the_same_address_waits_for_its_turn(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("Number 1")
    (route,) = routes(ContactDetails(email="ada@example.com"), HOME)
    await office.passes(5.1)
    assert len(await office.mails()) == 1
    await office.writes("Number 2")
    office.clock.move(60)
    before = (await office.store.contacted(route)).sent_at
    await office.passes(4.5)
    await office.mails()
    assert (await office.store.contacted(route)).sent_at - before >= SETTINGS.follow_up_seconds


async def test_a_mailbox_that_is_paused_is_left_for_the_telephone(office: Left) -> None:
    await office.leave("Write to ada@example.com or call " + NUMBER)
    await office.writes("Number 1")
    await office.passes(5.1)
    await office.writes("Number 2")
    await office.passes_in_vain()
    assert _paused(await office.remarks()) == 1, "the first should have gone by now"
    await office.passes_in_vain()
    (text,) = await office.mails(PHONE)
    assert "Number 2" in text.text
    assert "Number 1" not in text.text


async def test_what_stands_behind_a_paused_mailbox_is_tried_again_and_told_once(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("Number 1")
    await office.passes(5.1)
    for _ in range(4):
        await office.passes_in_vain()
    assert _paused(await office.remarks()) == 1
    assert len(await office.mails()) == 1, "it goes when the mailbox works again"


def _paused(remarks: Sequence[str]) -> int:
    return sum("nothing can be sent by e-mail" in text for text in remarks)


async def test_the_end_of_a_case_goes_with_its_last_words_and_no_greeting_does(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("All is done.")
    await office.press(StaffAction.RESOLVE)
    await shown_on_the_page(office.store, office.clock)
    await office.passes(5.1)
    (mail,) = await office.mails()
    assert "All is done." in mail.text
    assert "has closed this conversation" in mail.text
    assert "joined" not in mail.text


async def test_who_ended_the_conversation_is_left_in_peace(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    await office.store.end_conversation(HOME, Identity("web", "main", "ada"))
    await office.works()
    await office.passes(5.1)
    assert not await office.mails()
    for _ in range(2):
        await office.passes(5.1)
    told = [text for text in await office.remarks() if text == say("staff_ended_unseen", "en")]
    assert len(told) == 1, "what they did not see has the sign of what was sent"


async def test_who_ended_it_after_reading_is_not_said_to_have_missed_anything(office: Left) -> None:
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    await office.store.note_shown(HOME.conversation_id, 1_000)
    await office.store.end_conversation(HOME, Identity("web", "main", "ada"))
    await office.works()
    await office.passes(5.1)
    assert say("staff_ended_unseen", "en") not in await office.remarks()


async def test_without_follow_ups_nothing_is_set(store: SqlStore, clock: ManualClock) -> None:
    office = Left(store, clock, replace(SETTINGS, follow_up_seconds=0.0))
    await office.leave("Write to ada@example.com")
    await office.writes("Your parcel is in Berlin.")
    assert TimerKind.FOLLOW_UP not in await office.set()


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_names_the_company_and_why_it_comes(language: str) -> None:
    for key in ("follow_up_email", "follow_up_sms", "follow_up_subject"):
        assert "Acme" in say(key, language, company="Acme")
    for key in ("follow_up_email_end", "follow_up_sms_end", "staff_follow_up_no_address"):
        assert say(key, language) != say(key, "en") or language == "en"
