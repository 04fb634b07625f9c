"""A colleague who writes where the customer does: their words stand in the case's thread, and wake nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.simulation.slack_rules import shown_in
from core.domain.customer import Identity
from core.domain.keys import ConversationKey
from core.domain.messages import COLLEAGUE, Author, MessageEdited, MessageReceived, OutboundMessage, StaffAction
from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.storage.store import SqlStore
from handoff.mail.letters import following, is_mailed
from handoff.slack.posts import bodies
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.busy_desk import BusyDesk
from tests.integration.desk.office_hours import CASE, OfficeHours
from tests.integration.desk.test_silent_customers import ASKED, DAY, deliver
from tests.integration.desk.test_silent_customers import SETTINGS as NUDGED
from tests.integration.desk.test_status import choose
from tests.integration.desk.test_targets import SETTINGS as TIMED

FEED = ConversationKey("desk", "main", CASE)


@pytest.fixture
async def desk(store: SqlStore, clock: ManualClock) -> BusyDesk:
    """A customer waits for a person."""
    made = BusyDesk(store, clock)
    await made.escalates()
    await made.sends()
    made.heard.clear()
    return made


async def colleague(desk: OfficeHours, text: str, name: str | None = "Grace", *, shared: bool = True) -> None:
    """Writes beside the customer."""
    await desk.accepts(by_colleague(desk, text, name, shared=shared))
    await desk.works()


def by_colleague(desk: OfficeHours, text: str, name: str | None = "Grace", *, shared: bool = True) -> MessageReceived:
    """What a colleague writes there."""
    who = Identity("web", "main", "grace", display_name=name, verified=True)
    return replace(desk.from_customer(text), sender=who, by_staff=True, shared=shared)


async def shown(desk: BusyDesk, post: str) -> list[OutboundMessage]:
    return [
        OutboundMessage(one.id, FEED, one.author, one.text, one.kind, author_name=one.author_name, meta=one.meta)  # type: ignore[arg-type]
        for one in await desk.posts(post)
        if one.meta.get(COLLEAGUE)
    ]


async def test_what_a_colleague_wrote_stands_in_the_thread_under_their_name(desk: BusyDesk) -> None:
    await colleague(desk, "Which browser is it?")
    (said,) = await shown(desk, "said")
    (body,) = bodies(said)
    assert shown_in(body["blocks"][0]) == "*Grace* _(colleague)_\nWhich browser is it?"
    (body,) = bodies(said, "de")
    assert "_(aus dem Team)_" in shown_in(body["blocks"][0])
    assert is_mailed(said)
    assert "Grace (colleague):\n> Which browser is it?" in following(CASE, said, "en", "//").text
    assert desk.heard == []


async def test_one_whose_name_is_unknown_is_no_customer(desk: BusyDesk) -> None:
    await colleague(desk, "Hello", name=None)
    (said,) = await shown(desk, "said")
    assert shown_in(bodies(said)[0]["blocks"][0]).startswith("*Staff* _(colleague)_")


async def test_what_a_colleague_edits_is_changed_in_place(desk: BusyDesk) -> None:
    await colleague(desk, "Which browser is it?")
    target = desk.from_customer("")
    key = replace(target.key, provider_event_id=f"c{desk.events - 1}")
    await desk.accepts(MessageEdited(target.key, target.conversation, key, "Which one?", desk.clock.now()))
    await desk.works()
    (copy,) = await shown(desk, "said")
    (edited,) = await shown(desk, "edited")
    assert bodies(edited)[0]["of"] == copy.message_id
    assert "*Grace* _(colleague)_" in shown_in(bodies(edited)[0]["blocks"][0])


async def test_a_colleague_does_not_make_the_owner_s_customer_wait(desk: BusyDesk) -> None:
    await desk.press(StaffAction.CLAIM)
    await desk.writes("I am looking")
    before = [one for one in await desk.store.timers(CASE) if one.kind is TimerKind.OWNER_SILENT]
    await colleague(desk, "I am looking too")
    after = [one for one in await desk.store.timers(CASE) if one.kind is TimerKind.OWNER_SILENT]
    assert before == after
    assert [(one.author, one.text) for one in await shown(desk, "said")] == [(Author.CUSTOMER, "I am looking too")]
    assert not [one for one in desk.heard if "looking too" in one]


@pytest.mark.parametrize("shared", [True, False])
async def test_a_colleague_who_answers_where_the_customer_reads_has_answered(
    store: SqlStore, clock: ManualClock, shared: bool
) -> None:
    office = OfficeHours(store, clock, replace(TIMED, owner_seconds=900.0))
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.customer("Are you there?")
    clock.move(60)
    await colleague(office, "It is fixed in 2.1", shared=shared)
    due = {TimerKind.OWNER_SILENT, TimerKind.ANSWER}
    assert set(await office.set()) == (set() if shared else due)
    clock.move(60)
    await office.customer("It is not")
    assert set(await office.set()) == due


@pytest.mark.parametrize("answers", [True, False])
async def test_of_a_question_and_an_answer_in_one_turn_the_later_counts(
    store: SqlStore, clock: ManualClock, answers: bool
) -> None:
    office = OfficeHours(store, clock, replace(TIMED, owner_seconds=900.0))
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.staff("Hello")
    assert await office.set() == {}
    for by_staff in (False, True) if answers else (True, False):
        clock.move(60)
        await office.accepts(by_colleague(office, "It is 2.1") if by_staff else office.from_customer("Which one?"))
    await office.works()
    assert set(await office.set()) == (set() if answers else {TimerKind.OWNER_SILENT, TimerKind.ANSWER})


async def test_a_case_that_nobody_took_has_no_owner_to_remind(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, replace(TIMED, owner_seconds=900.0))
    await office.escalates()
    clock.move(60)
    early = by_colleague(office, "I am looking")
    clock.move(60)
    await office.customer("Hello?")
    await office.accepts(early)
    await office.works()
    assert set(await office.set()) == {TimerKind.ANSWER}


async def test_who_has_a_colleagues_answer_is_asked_whether_they_need_more(store: SqlStore, clock: ManualClock) -> None:
    office = OfficeHours(store, clock, NUDGED)
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    clock.move(60)
    await colleague(office, "Which version is it?")
    await choose(office, TicketStatus.PENDING)
    await office.passes(2 * DAY)
    await colleague(office, "Have you found it?")
    await deliver(office)
    assert await office.passes(2 * DAY) == 0, "each answer begins it anew"
    assert await office.passes(DAY) == 1
    assert (await office.reads())[-1].startswith(ASKED)
