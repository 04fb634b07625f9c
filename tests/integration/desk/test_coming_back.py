"""A customer writes again soon after a person resolved their case: the agent answers, and where it cannot, that case goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.conversation import Escalation, OwnershipState
from core.domain.customer import Identity
from core.domain.keys import EventKey
from core.domain.messages import Citation, CustomerAction, MessageDeleted, MessageEdited, MessageKind, StaffAction
from core.domain.timers import TimerKind
from core.ports.responder import Reply
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import CASE, HOME, UNKNOWN, OfficeHours

HOURS = 3600.0
WISH = Reply("", MessageKind.NOTICE, escalation=Escalation("They want a person.", requested_by="customer"))


def answered(source: str = "d1") -> Reply:
    """An answer that rests on a source."""
    cited = Citation(source, "Invoices", "Invoices are sent on the first.", "faq.yaml", 0.9)
    return Reply("On the first.", MessageKind.ANSWER, citations=(cited,))


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    """Grace has resolved the customer's case."""
    made = OfficeHours(store, clock, HandoffSettings(reopen_seconds=72 * HOURS, honest_seconds=0))
    await made.escalates()
    await made.press(StaffAction.CLAIM)
    await made.press(StaffAction.RESOLVE)
    clock.move(60)
    made.agent.reply = answered()
    return made


async def _state(office: OfficeHours) -> OwnershipState:
    return (await office.conversation()).state


async def _open_case(office: OfficeHours) -> int | None:
    case = await office.store.open_case(HOME.conversation_id)
    return case.number if case is not None else None


async def test_a_plain_question_is_the_agents_and_calls_nobody(office: OfficeHours) -> None:
    before = len(await office.told())
    (accepted,) = await office.store.accept([Acceptable(office.from_customer("When are invoices sent?"))])
    assert not isinstance(accepted, Exception)
    assert accepted.state is OwnershipState.BOT, "and the page says so"
    await office.works()
    assert (await office.reads())[-1] == "On the first."
    assert await _state(office) is OwnershipState.BOT
    assert await _open_case(office) is None
    assert len(await office.told()) == before
    assert await office.set() == {}


@pytest.mark.parametrize(
    "reply", [UNKNOWN, Reply("Sorry.", MessageKind.FAILURE), WISH], ids=["unknown", "failed", "wish"]
)
async def test_where_the_agent_needs_a_person_the_same_case_goes_on(office: OfficeHours, reply: Reply) -> None:
    await office.customer("When are invoices sent?")
    office.clock.move(60)
    before = len(await office.told())
    office.agent.reply = reply
    await office.customer("And to whom?")
    assert (await _state(office), await _open_case(office)) == (OwnershipState.QUEUED, 1)
    told = (await office.told())[before:]
    assert [one.meta["post"] for one in told] == ["remark", "transcript", "said", "said", "card_now"]
    assert told[0].text.startswith("The customer has written again. T")
    lines = [line["text"] for line in told[1].meta["lines"]]
    assert lines == ["When are invoices sent?", "On the first."], (
        "what was said meanwhile, and nothing from before the end"
    )
    assert told[2].text == "And to whom?"
    assert told[-1].meta["facts"]["state"] == "queued"
    first, again = [text for text in await office.reads() if "ticket number is" in text]
    assert first.split()[-1] == again.split()[-1], "the ticket is the same"
    assert TimerKind.UNCLAIMED in await office.set()
    await office.press(StaffAction.CLAIM)
    await office.staff("To you")
    assert (await office.reads())[-1] == "To you"


async def test_a_rating_that_was_shown_is_not_shown_again(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(
        store, clock, HandoffSettings(reopen_seconds=72 * HOURS, rating_seconds=HOURS, honest_seconds=0)
    )
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    clock.move(60)
    office.agent.reply = answered()
    await office.customer("4")
    await office.customer("A bit slow.")
    await office.customer("When are invoices sent?")
    office.agent.reply = UNKNOWN
    await office.customer("And to whom?")
    lines = [line["text"] for line in (await office.posts("transcript"))[-1].meta["lines"]]
    assert lines == ["When are invoices sent?", "On the first."]
    assert len([one for one in await office.told() if "A bit slow." in str((one.text, one.meta))]) == 1


async def test_staff_read_the_reason_in_their_language(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, HandoffSettings(staff_locale="de"))
    await office.escalates()
    await office.press(StaffAction.RESOLVE)
    office.agent.reply = UNKNOWN
    await office.customer("And to whom?")
    remark = (await office.posts("remark"))[-1].text
    assert remark == "Der Kunde hat sich wieder gemeldet. Der Assistent hatte keine Antwort."


@pytest.mark.parametrize("text", ["It still does not work", "Es geht immer noch nicht", "Ça ne marche toujours pas."])
async def test_who_says_that_it_is_not_solved_gets_a_person_unless_the_agent_has_something_new(
    office: OfficeHours, text: str
) -> None:
    await office.customer(text)
    assert await _state(office) is OwnershipState.BOT, "this they have not read before"
    await office.customer(text)
    assert (await _state(office), await _open_case(office)) == (OwnershipState.QUEUED, 1)
    assert "TKT-" in (await office.reads())[-1]


async def test_who_says_that_it_is_not_solved_gets_no_small_talk(office: OfficeHours) -> None:
    office.agent.reply = Reply("I'm sorry to hear that!", MessageKind.SMALL_TALK)
    await office.customer("It broke again")
    assert await _state(office) is OwnershipState.QUEUED
    assert not any("sorry" in text for text in await office.reads())


async def test_a_complaint_gets_the_person_that_the_agent_would_offer(office: OfficeHours) -> None:
    office.agent.reply = Reply("Would you like to talk to a person?", MessageKind.SMALL_TALK, offers_person=True)
    await office.customer("Thanks for nothing")
    assert await _state(office) is OwnershipState.QUEUED


async def test_small_talk_calls_nobody(office: OfficeHours) -> None:
    office.agent.reply = Reply("Hello!", MessageKind.SMALL_TALK)
    await office.customer("Good morning")
    assert await _state(office) is OwnershipState.BOT
    assert await _open_case(office) is None


async def test_later_the_agent_offers_and_a_wish_is_a_new_case(office: OfficeHours) -> None:
    office.clock.move(72 * HOURS)
    office.agent.reply = UNKNOWN
    await office.customer("And to whom?")
    assert await _state(office) is OwnershipState.BOT
    assert (await office.reads())[-1] == UNKNOWN.text
    office.agent.reply = WISH
    await office.customer("A person, please")
    assert await _open_case(office) == 2


async def test_the_case_is_not_another_authors(office: OfficeHours) -> None:
    async def bob(text: str, action: CustomerAction | None = None) -> None:
        said = replace(office.from_customer(text, action), sender=Identity("web", "main", "bob"), shared=True)
        await office._accept(said)

    office.agent.reply = UNKNOWN
    await bob("It still does not work")
    assert await _state(office) is OwnershipState.BOT
    await bob("", CustomerAction.REQUEST_PERSON)
    assert await _open_case(office) == 2


async def test_what_was_handed_back_and_is_wished_again_is_a_new_case(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, HandoffSettings())
    await office.escalates()
    await office.press(StaffAction.HAND_BACK)
    await office.escalates()
    assert await _open_case(office) == 2


async def test_staff_read_what_was_altered_while_the_case_was_closed(office: OfficeHours) -> None:
    early, slip = office.from_customer("My order is AB-12"), office.from_customer("A slip")
    office.agent.reply = WISH
    for event in (early, slip):
        await office._accept(event)
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    office.clock.move(60)
    now = office.clock.now()
    changes = (
        MessageEdited(EventKey("web", "main", "x1"), HOME, early.key, "My order is AB-13", now),
        MessageDeleted(EventKey("web", "main", "x2"), HOME, slip.key, now),
    )
    for change in changes:
        await office._accept(change)
    office.clock.move(60)
    await office.customer("Is it there?")
    copies = {one.text: one.id for one in await office.posts("said")}
    (edited,), (deleted,) = await office.posts("edited"), await office.posts("deleted")
    assert (edited.text, edited.meta["copy"]) == ("My order is AB-13", copies["My order is AB-12"])
    assert deleted.meta["copy"] == copies["A slip"]
    await office.press(StaffAction.RESOLVE)
    office.clock.move(60)
    await office.customer("And now?")
    assert len(await office.posts("edited")) == 1, "once"


async def test_a_turn_that_is_run_again_after_a_crash_opens_the_case_once(office: OfficeHours) -> None:
    office.agent.reply = UNKNOWN
    await office.store.accept([Acceptable(office.from_customer("And to whom?"))])
    (lost,) = await office.store.claim(10, 5.0, history=60)
    await office.turn.run(lost)
    office.clock.move(6)
    await office.works()
    assert await _open_case(office) == 1
    assert len([one for one in await office.posts("said") if one.text == "And to whom?"]) == 1
    case = await office.store.case(CASE)
    assert case is not None
    assert case.closed_at is None
