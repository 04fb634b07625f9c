"""Where others read the conversation, only the customer whose case it was is asked what they think, and nobody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from core.domain.capabilities import Capabilities
from core.domain.case import Case
from core.domain.conversation import OwnershipState, Sharing
from core.domain.customer import Identity
from core.domain.disclosure import Reader
from core.domain.keys import ConversationKey
from core.domain.messages import ANSWERS_TO, PRIVATELY, CustomerAction, Message, MessageReceived, StaffAction
from core.domain.readers import RECIPIENTS
from core.ports.channel import Channel
from core.ports.desk import ASKED_CASE, ASKS_RATING
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.desk_parts import DeskParts
from handoff.slack_desk import SlackDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import CASE, HOME, Agent, OfficeHours
from tests.integration.desk.test_ratings import SETTINGS, remarks, resolved, state
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

BOB = Identity("web", "main", "bob", "Bob")
SECOND = Case.named(HOME.conversation_id, 2)


WISH = "Talk to a person: it broke again"


def shown(told: Sequence[Message]) -> str:
    """All that stands in the thread."""
    return " ".join(f"{one.text} {one.meta}" for one in told)


class SharedThread(OfficeHours):
    """Everything is read by everybody. ``whispers``: whether the channel can show a message to one person alone."""

    whispers = True

    def parts(self, store: SqlStore) -> DeskParts:
        """See OfficeHours."""
        able = Capabilities(text_limit=1000, whispers=self.whispers)
        return replace(super().parts(store), channels={"web": able})

    def from_customer(self, text: str, action: CustomerAction | None = None) -> MessageReceived:
        """See OfficeHours."""
        return replace(super().from_customer(text, action), shared=True)

    async def rates(self, text: str) -> None:
        """A press on one of the five buttons."""
        await self._accept(self.pressed(text))

    def pressed(self, text: str, case: str = CASE) -> MessageReceived:
        """What the press is."""
        return replace(self.from_customer(text, CustomerAction.RATE), reply_to=case, shared=False)

    async def said(self) -> list[Message]:
        """What the customers were told."""
        return [one for one in await self.store.messages(HOME.conversation_id, limit=500) if one.author != "customer"]


class MailThread(SharedThread):
    """Each message goes to those whom it names."""

    whispers = False

    def from_customer(self, text: str, action: CustomerAction | None = None) -> MessageReceived:
        """See OfficeHours."""
        return replace(super().from_customer(text, action), answered_alone=True)


class Mute(SharedThread):
    """A channel without private messages."""

    whispers = False


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> SharedThread:
    shared = SharedThread(store, clock, SETTINGS)
    await resolved(shared)
    return shared


async def test_the_question_is_for_the_customer_alone(office: SharedThread) -> None:
    notice, question = (await office.said())[-2:]
    assert notice.text.startswith("Grace has closed")
    assert "number" not in notice.text
    assert PRIVATELY not in notice.meta
    assert question.text == "How did we do? Press a number from 1 (bad) to 5 (very good). Nobody else sees this."
    assert (question.meta[PRIVATELY], question.meta[ANSWERS_TO]) == (True, "ada")
    assert (question.meta[ASKS_RATING], question.meta[ASKED_CASE]) == (True, CASE)


async def test_where_nothing_can_be_said_in_private_nobody_is_asked(store: SqlStore, clock: ManualClock) -> None:
    office = Mute(store, clock, SETTINGS)
    await resolved(office)
    last = (await office.said())[-1]
    assert last.text == "Grace has closed this conversation. Write again at any time if something is still open."
    assert ASKS_RATING not in last.meta


async def test_in_a_mail_thread_the_question_goes_to_the_customer_alone(store: SqlStore, clock: ManualClock) -> None:
    office = MailThread(store, clock, SETTINGS)
    await resolved(office)
    last = (await office.said())[-1]
    assert (last.meta[ASKS_RATING], last.meta[ANSWERS_TO]) == (True, "ada")
    assert RECIPIENTS not in last.meta


async def test_a_press_is_kept_and_thanked_for_in_private_and_opens_nothing(office: SharedThread) -> None:
    await office.rates("4")
    assert await office.store.rating(CASE) == (4, None)
    assert await state(office) is OwnershipState.RESOLVED
    assert (await remarks(office))[-1] == "The customer gave 4 of 5."
    thanks = (await office.said())[-1]
    assert (thanks.text, thanks.meta[PRIVATELY]) == ("Thank you for your rating.", True)
    assert thanks.meta[ANSWERS_TO] == "ada"
    before = len(await remarks(office)), len(await office.said())
    await office.rates("4")
    assert (len(await remarks(office)), len(await office.said())) == before, "the same again is nothing new"
    await office.rates("2")
    assert await office.store.rating(CASE) == (2, None)


async def test_who_presses_on_and_on_is_answered_twice_and_the_last_score_counts(office: SharedThread) -> None:
    before = len(await remarks(office)), len(await office.said())
    for score in "4421212":
        await office.rates(score)
    assert (len(await remarks(office)), len(await office.said())) == (before[0] + 2, before[1] + 2)
    assert await office.store.rating(CASE) == (2, None)


async def test_nobody_else_reads_it_in_what_the_agent_knows(office: SharedThread) -> None:
    await office.rates("1")
    conversation = await office.conversation()
    assert conversation.shared is Sharing.ALWAYS
    said = await office.store.messages(HOME.conversation_id, limit=500)
    private = [one for one in said if PRIVATELY in one.meta or one.action is CustomerAction.RATE]
    assert len(private) == 3
    for one in private:
        for reader in (Reader("bob", False), Reader("bob", True)):
            assert not reader.may_read(conversation, one.author, one.customer_id, one.meta)


async def test_a_press_beside_a_new_question_rates_and_the_question_is_answered(office: SharedThread) -> None:
    await office.accepts(office.from_customer(WISH, CustomerAction.REQUEST_PERSON))
    await office.accepts(office.pressed("1"))
    await office.accepts(office.from_customer("Please hurry"))
    for _ in range(3):
        await office.works()
    assert await state(office) is OwnershipState.QUEUED
    assert await office.store.rating(CASE) == (1, None)
    assert WISH in shown(await office.told())
    assert [post.text for post in await office.posts("said")][-1] == "Please hurry"


async def test_a_press_before_a_message_that_was_written_earlier_loses_neither(office: SharedThread) -> None:
    channel = cast(Channel, SimpleNamespace(capabilities=Capabilities(text_limit=1000, own_time=True)))
    desk = SlackDesk(office.parts(office.store), office.settings)
    office.turn = Turn(Agent(), desk, {"web": channel}, CountedMetrics(), sorry)
    late = office.from_customer(WISH, CustomerAction.REQUEST_PERSON)
    await office.accepts(office.pressed("1"))
    await office.accepts(replace(late, sent_at=late.sent_at - timedelta(seconds=5)))
    for _ in range(2):
        await office.works()
    assert await office.store.rating(CASE) == (1, None)
    assert WISH in shown(await office.told())


async def test_a_number_of_somebody_elses_is_no_rating(office: SharedThread) -> None:
    await office.accepts(replace(office.from_customer("2"), sender=BOB))
    await office.works()
    assert await office.store.rating(CASE) is None


@pytest.mark.parametrize(("text", "case"), [("9", CASE), ("", CASE), ("4", "another.1"), ("4", "")])
async def test_a_press_that_names_no_case_of_theirs_is_nothing(office: SharedThread, text: str, case: str) -> None:
    await office.accepts(office.pressed(text, case))
    await office.works()
    assert await office.store.rating(CASE) is None
    assert await state(office) is OwnershipState.RESOLVED


class Costly(OfficeHours):
    """A channel on which each message is a mail or a text message."""

    def parts(self, store: SqlStore) -> DeskParts:
        """See OfficeHours."""
        return replace(super().parts(store), channels={"web": Capabilities(text_limit=1000, costly=True)})


async def test_who_pays_for_each_message_is_not_told_that_somebody_joined(store: SqlStore, clock: ManualClock) -> None:
    office = Costly(store, clock, SETTINGS)
    await office.escalates()
    before = await office.reads()
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.ASSIGN, text="linus")
    assert await office.reads() == before
    assert (await office.conversation()).owner == "linus"
    await office.staff("Good morning", user="linus")
    assert (await office.reads())[len(before) :] == ["Good morning"]


async def test_a_press_lets_nobody_thank_away_the_case_that_waits(office: SharedThread) -> None:
    await office.accepts(replace(office.from_customer(WISH, CustomerAction.REQUEST_PERSON), sender=BOB))
    await office.works()
    await office.rates("5")
    await office.accepts(replace(office.from_customer("Thank you!"), sender=BOB))
    await office.works()
    assert await state(office) is OwnershipState.QUEUED
    assert await office.store.open_case(HOME.conversation_id) is not None


async def test_who_waits_again_and_rates_the_old_case_waits_on(office: SharedThread) -> None:
    office.clock.move(SETTINGS.reopen_seconds + 1)
    await office.customer(WISH, CustomerAction.REQUEST_PERSON)
    await office.rates("5")
    await office.customer("Thank you!")
    assert await state(office) is OwnershipState.QUEUED


async def test_what_one_was_told_alone_is_no_question_to_another(office: SharedThread) -> None:
    await office.accepts(replace(office.from_customer(WISH, CustomerAction.REQUEST_PERSON), sender=BOB))
    await office.works()
    for action in (StaffAction.CLAIM, StaffAction.RESOLVE):
        await office.accepts(
            replace(office.from_staff(action, action), conversation=ConversationKey("slack", "main", SECOND))
        )
        await office.works()
    await office.rates("5")
    await office.accepts(replace(office.from_customer("4"), sender=BOB))
    await office.works()
    assert [await office.store.rating(case) for case in (CASE, SECOND)] == [(5, None), (4, None)]


async def test_a_number_after_a_colleagues_word_is_the_rating(office: SharedThread) -> None:
    grace = Identity("web", "main", "grace", "Grace", verified=True)
    await office.accepts(replace(office.from_customer("Happy to help"), sender=grace, by_staff=True))
    await office.works()
    await office.customer("5")
    assert await office.store.rating(CASE) == (5, None)
    assert await state(office) is OwnershipState.RESOLVED
