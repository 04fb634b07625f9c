"""A case that staff split: it ends, and its conversation goes on with a case of its own that waits for anybody."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import time

import pytest

from channels.slack.views import Form
from core.domain.case import Case
from core.domain.conversation import OwnershipEvent, OwnershipState, next_state
from core.domain.customer import Identity
from core.domain.errors import NotYet
from core.domain.messages import Author, CustomerAction, StaffAction
from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.ports.outcomes import CloseCase, CrossConversationWrite, Transition
from core.storage.store import SqlStore
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from handoff.slack.forms import case_form
from handoff.teams import Team
from handoff.thread.desk_views import DeskViews
from handoff.tickets import NOTE, PRIORITY, TEAM
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import HOME
from tests.integration.desk.test_merged_cases import LETTER, MAIL, MERGE, PAGE, Office, _Threads

SETTINGS = HandoffSettings(
    remind_seconds=600.0,
    owner_seconds=900.0,
    undo_seconds=0.0,
    reopen_seconds=3_600.0,
    teams=(Team("billing", "C2", keywords=("invoice",)), Team("returns")),
)
SPLIT = StaffAction.SPLIT
SECOND = Case.named(HOME.conversation_id, 2)
THIRD = Case.named(HOME.conversation_id, 3)


def about(subject: str, **more: str) -> str:
    """What the form says."""
    return json.dumps({NOTE: subject, **more})


class SplitOffice(Office):
    """Grace has Ada's case."""

    async def claimed(self) -> None:
        """By her."""
        await self.does(PAGE, "", StaffAction.CLAIM)

    async def opens_one(self, case_id: str) -> bool:
        """Whether there is such a case, and it is open."""
        case = await self.store.case(case_id)
        return case is not None and case.closed_at is None


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> SplitOffice:
    made = SplitOffice(store, clock, SETTINGS)
    await made.opens()
    await made.claimed()
    return made


async def test_the_first_ends_and_the_second_waits_with_a_ticket_and_a_briefing_of_its_own(office: SplitOffice) -> None:
    first = await office.number(PAGE)
    await office.says(HOME, "And my parcel came broken")
    before = await office.store.conversation(HOME.conversation_id)
    await office.does(PAGE, about("  A broken\nparcel ", **{PRIORITY: "high"}), SPLIT)
    now = await office.store.conversation(HOME.conversation_id)
    assert before is not None
    assert now is not None
    assert (now.state, now.owner, now.ownership_epoch) == (OwnershipState.QUEUED, None, before.ownership_epoch + 1)
    old, new = await office.store.case(PAGE), await office.store.open_case(HOME.conversation_id)
    assert old is not None
    assert new is not None
    assert old.closed_at is not None
    assert (new.id, new.reason) == (SECOND, f"A broken parcel (split off from {first} by Grace)")
    assert not await office.store.timers(PAGE)
    assert TimerKind.UNCLAIMED in {one.kind for one in await office.store.timers(SECOND)}
    second = await office.number(SECOND)
    ended, goes_on = await office.ticket(PAGE), await office.ticket(SECOND)
    assert (ended.status, ended.fields) == (TicketStatus.RESOLVED, {second: "continued there: A broken parcel"})
    assert (goes_on.status, goes_on.fields) == (TicketStatus.OPEN, {first: "split off from there"})
    assert (goes_on.subject, goes_on.priority) == ("A broken parcel", "high")
    assert not goes_on.for_customer().fields
    card = (await office.posted(PAGE, "card_now"))[-1].meta["facts"]
    assert (card["state"], card["fields"]) == ("resolved", {second: "continued there: A broken parcel"})
    (shown,) = [one.meta["facts"] for one in await office.posted(SECOND, "card")]
    assert (shown["state"], shown["earlier"]["case"], shown["fields"]) == ("queued", PAGE, goes_on.fields)
    (line,) = await office.posted(SECOND, "leads_on")
    assert (line.meta["earlier"], line.text) == (PAGE, f"Continued as {second}: A broken parcel")
    told = "".join(str(one.meta["lines"]) for one in await office.posted(SECOND, "transcript"))
    assert told.count("And my parcel came broken") == 1
    assert any(
        f"It is continued as {second}: A broken parcel." in one.text for one in await office.posted(PAGE, "remark")
    )


async def test_the_customer_reads_one_true_sentence(office: SplitOffice) -> None:
    before = list(await office.read_by(HOME))
    await office.does(PAGE, about("Ben's secret"), SPLIT)
    second = await office.number(SECOND)
    (told,) = (await office.read_by(HOME))[len(before) :]
    assert told == (
        f"Your other question has a ticket of its own now, {second}. Somebody from our team will answer you here."
    )
    assert [one.text for one in await office.posted(SECOND, "said") if one.author is Author.SYSTEM] == [told]


async def test_later_words_go_to_the_new_case_and_the_old_thread_reaches_nobody(office: SplitOffice) -> None:
    await office.does(PAGE, about("A parcel"), SPLIT)
    second = await office.number(SECOND)
    await office.says(HOME, "Where is it?")
    assert [one.text for one in await office.posted(SECOND, "said")].count("Where is it?") == 1
    assert "Where is it?" not in [one.text for one in await office.posted(PAGE, "said")]
    await office.does(SECOND, "", StaffAction.CLAIM, "linus")
    said = list(await office.read_by(HOME))
    await office.does(PAGE, "A second voice")
    there = f"This case goes on in {second}."
    assert (await office.posted(PAGE, "remark"))[-1].text == f"That stays inside: this case is closed. {there}"
    for action in (StaffAction.CLAIM, StaffAction.RESOLVE, StaffAction.HAND_BACK, SPLIT):
        await office.does(PAGE, about("again"), action)
        assert (await office.posted(PAGE, "remark"))[-1].text == f"This case is closed. {there}"
    await office.does(PAGE, "A second voice", StaffAction.REPLY)
    assert await office.read_by(HOME) == said
    await office.does(SECOND, "It is on its way", None, "linus")
    assert (await office.read_by(HOME))[-1] == "It is on its way"


async def test_what_was_written_before_still_goes_out_and_can_be_taken_back(
    store: SqlStore, clock: ManualClock
) -> None:
    office = SplitOffice(store, clock, replace(SETTINGS, undo_seconds=60.0))
    await office.opens()
    await office.claimed()
    await office.accepts(office.in_thread(PAGE, "The answer to the first", None, "grace"))
    await office.accepts(office.in_thread(PAGE, about("A parcel"), SPLIT, "grace"))
    (state,) = await store.claim(10, 5.0, history=60)
    (finished,) = await store.finish([await office.turn.run(state)])
    assert (finished.held, finished.pending) == (True, True), "what was written first is committed first"
    clock.move(1.0)
    await office.works()
    said = await office.read_by(HOME)
    assert said[-2:][0] == "The answer to the first"
    assert "ticket of its own" in said[-1]
    told = "".join(str(one.meta["lines"]) for one in await office.posted(SECOND, "transcript"))
    assert told.count("The answer to the first") == 1
    reply = next(one for one in await store.messages(HOME.conversation_id, limit=500) if one.text == said[-2])
    assert await store.waiting([reply.id]) == {reply.id}, "it waits to be sent, as before"


@pytest.mark.parametrize("given", ["", about("  "), "[1]", "not ours"])
async def test_without_a_subject_nothing_happens(office: SplitOffice, given: str) -> None:
    before = await office.read_by(HOME)
    await office.does(PAGE, given, SPLIT)
    assert await office.state(HOME) is OwnershipState.STAFF
    assert (await office.posted(PAGE, "remark"))[-1].text.startswith("Nothing was split.")
    assert await office.read_by(HOME) == before


async def test_only_the_owner_of_a_claimed_case_splits_it(office: SplitOffice) -> None:
    await office.does(PAGE, about("A parcel"), SPLIT, "linus")
    assert (await office.posted(PAGE, "remark"))[-1].text == "Grace has this conversation."
    await office.does(PAGE, "", StaffAction.RELEASE)
    await office.does(PAGE, about("A parcel"), SPLIT)
    assert (await office.posted(PAGE, "remark"))[-1].text.startswith("Nothing was split.")
    await office.does(PAGE, "", StaffAction.CLAIM)
    await office.store.end_conversation(HOME, Identity("web", "main", "ada"))
    await office.works()
    await office.does(PAGE, about("A parcel"), SPLIT)
    assert (await office.posted(PAGE, "remark"))[-1].text.startswith("Nothing was split.")
    assert await office.store.case(SECOND) is None


async def test_a_chosen_team_gets_it_and_without_one_the_words_decide(office: SplitOffice) -> None:
    await office.does(PAGE, about("A parcel", **{TEAM: "returns"}), SPLIT)
    assert (await office.store.card("main", SECOND))["team"] == "returns"
    await office.says(HOME, "The invoice is wrong as well")
    await office.does(SECOND, "", StaffAction.CLAIM)
    await office.does(SECOND, about("An invoice", **{TEAM: "nobody"}), SPLIT)
    assert (await office.store.card("main", THIRD))["team"] == "billing"
    assert [await office.opens_one(one) for one in (PAGE, SECOND, THIRD)] == [False, False, True]


async def test_out_of_hours_the_customer_reads_when_the_team_is_back(store: SqlStore, clock: ManualClock) -> None:
    settings = replace(SETTINGS, teams=(Team("billing", hours=parse_hours("Mon-Sun 23:58-23:59", "UTC")),))
    assert clock.now().time() < time(23, 58)
    office = SplitOffice(store, clock, settings)
    await office.opens()
    await office.claimed()
    await office.does(PAGE, about("A parcel", **{TEAM: "billing"}), SPLIT)
    assert "Our team is back" in (await office.read_by(HOME))[-1]


@BOTH_DATABASES
async def test_what_the_customer_writes_meanwhile_is_in_one_of_them_once(office: SplitOffice) -> None:
    await office.accepts(office.in_thread(PAGE, about("A parcel"), SPLIT, "grace"))
    (state,) = await office.store.claim(10, 5.0, history=60)
    decided = await office.turn.run(state)
    await office.accepts(office.from_customer("Meanwhile"))
    (finished,) = await office.store.finish([decided])
    assert finished.outdated, "it is decided anew"
    (staff,) = [one for one in await office.store.claim(10, 5.0, history=60) if one.conversation.key.channel == "slack"]
    with pytest.raises(NotYet):
        await office.turn.run(staff)
    await office.store.postpone(staff.claim, delay=0.1, error="", counts=False)
    office.clock.move(6.0)
    await office.works()
    office.clock.move(1.0)
    await office.works()
    assert await office.state(HOME) is OwnershipState.QUEUED
    assert [one.text for one in await office.posted(PAGE, "said")].count("Meanwhile") == 1
    assert "Meanwhile" not in [one.text for one in await office.posted(SECOND, "said")]


@BOTH_DATABASES
@pytest.mark.parametrize("other", [OwnershipEvent.RESOLVE, OwnershipEvent.HAND_BACK, OwnershipEvent.CLAIM])
async def test_what_is_committed_first_counts(office: SplitOffice, other: OwnershipEvent) -> None:
    """Somebody else's change of hands, or a timer's, beside a form that was decided on the case as it was claimed."""
    await office.accepts(office.in_thread(PAGE, about("A parcel"), SPLIT, "grace"))
    (state,) = await office.store.claim(10, 5.0, history=60)
    late, home = await office.turn.run(state), await office.store.conversation(HOME.conversation_id)
    assert home is not None
    owner = "linus" if other is OwnershipEvent.CLAIM else None
    closes = () if owner else (CloseCase(PAGE),)
    changed = CrossConversationWrite(HOME, (), Transition(other, owner=owner), ownership_epoch=home.ownership_epoch)
    assert await office.store.decide([changed], closes)
    (finished,) = await office.store.finish([late])
    assert finished.outdated
    await office.works()
    assert await office.store.case(SECOND) is None
    assert await office.state(HOME) is next_state(OwnershipState.STAFF, other)
    told = {OwnershipEvent.CLAIM: "Linus has this conversation.", OwnershipEvent.HAND_BACK: "The agent answers"}
    assert (await office.posted(PAGE, "remark"))[-1].text.startswith(told.get(other, "This case is closed."))


@BOTH_DATABASES
async def test_the_same_form_twice_and_two_forms_split_once(office: SplitOffice) -> None:
    form = office.in_thread(PAGE, about("A parcel"), SPLIT, "grace")
    for event in (form, form, office.in_thread(PAGE, about("An invoice"), SPLIT, "grace")):
        await office.accepts(event)
    await office.works()
    await office.works()
    assert [await office.opens_one(one) for one in (PAGE, SECOND, THIRD)] == [False, True, False]
    assert len([one for one in await office.posted(PAGE, "remark") if "has split this case" in one.text]) == 1
    assert (await office.posted(PAGE, "remark"))[-1].text.startswith("This case is closed.")


@BOTH_DATABASES
async def test_a_process_that_dies_before_the_commit_leaves_nothing_and_the_next_gives_the_same_number(
    office: SplitOffice,
) -> None:
    await office.accepts(office.in_thread(PAGE, about("A parcel"), SPLIT, "grace"))
    (state,) = await office.store.claim(10, 5.0, history=60)
    dead = await office.turn.run(state)
    assert await office.store.case(SECOND) is None
    number = await office.store.ticket_number_for(SECOND)
    office.clock.move(6.0)
    await office.works()
    assert await office.number(SECOND) == number
    (late,) = await office.store.finish([dead])
    assert not late.held
    assert await office.store.case(THIRD) is None


async def test_the_new_case_can_be_merged_resolved_and_comes_back(office: SplitOffice) -> None:
    await office.does(LETTER, await office.number(PAGE), MERGE)
    await office.does(PAGE, about("A parcel"), SPLIT)
    second = await office.number(SECOND)
    await office.says(MAIL, "A person, please", CustomerAction.REQUEST_PERSON)
    assert (await office.posted(LETTER, "leads_on"))[-1].meta["earlier"] == SECOND, "it goes on where the first went on"
    await office.does(SECOND, await office.number(LETTER), MERGE)
    assert await office.state(HOME) is OwnershipState.RESOLVED
    await office.says(HOME, "A person, please", CustomerAction.REQUEST_PERSON)
    assert await office.opens_one(SECOND), "its last case comes back, and not the first"
    assert not await office.opens_one(PAGE)
    assert (await office.number(SECOND)) == second


async def test_the_form_refuses_what_cannot_be_split(office: SplitOffice) -> None:
    class Threads(_Threads):
        async def case_of(self, thread: object) -> str | None:
            return PAGE

    parts = replace(office.parts(office.store), desk_channel=Threads())
    views = DeskViews(parts, office.store, None, SETTINGS)  # type: ignore[arg-type]
    form = Form(SPLIT, "V1", "h1", "grace", {"thread": "T1/C1/1.0"}, {NOTE: "A parcel", PRIORITY: "normal"})
    assert await views.refuse(form) == {}
    assert NOTE in await views.refuse(replace(form, values={NOTE: " "}))
    assert "Grace" in (await views.refuse(replace(form, user="linus")))[NOTE]
    await office.does(PAGE, "", StaffAction.RELEASE)
    assert "Nothing was split" in (await views.refuse(form))[NOTE]
    await office.does(PAGE, "", StaffAction.RESOLVE)
    assert NOTE in await views.refuse(form)


def test_the_form_asks_for_a_subject_first() -> None:
    view = case_form({"thread": "t"}, "en", ["billing"], SPLIT)
    assert (view["callback_id"], [one.get("block_id") for one in view["blocks"]]) == (
        str(SPLIT),
        ["note", None, "priority", "team"],
    )
