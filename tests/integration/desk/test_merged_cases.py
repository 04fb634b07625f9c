"""A case that staff merge into another: it is closed, each leads to the other, and no answer reaches anybody else's customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import AsyncMock, patch

import pytest

from channels.slack.place import Place
from channels.slack.views import Form
from core.domain.case import Case, feed
from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Author, CustomerAction, Message, MessageReceived, StaffAction
from core.domain.ticket import EntryKind, Ticket, TicketStatus
from core.ports.tickets import Holder
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from handoff.slack_desk import SlackDesk
from handoff.thread.desk_views import DeskViews
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import HOME, UNKNOWN, FakeDeskChannel, OfficeHours

SETTINGS = HandoffSettings(remind_seconds=600.0, owner_seconds=900.0, undo_seconds=0.0, reopen_seconds=3_600.0)
MAIL = ConversationKey("email", "main", "<m1@example.com>")
THIRD = ConversationKey("email", "main", "<m2@example.com>")
PAGE, LETTER, LAST = (Case.named(home.conversation_id, 1) for home in (HOME, MAIL, THIRD))
MERGE = StaffAction.MERGE


class Office(OfficeHours):
    """Ada on the page, and somebody by mail; each has asked for a person."""

    async def opens(self) -> None:
        """Both cases."""
        for home in (HOME, MAIL):
            await self.says(home, "A person, please", CustomerAction.REQUEST_PERSON)

    async def says(self, home: ConversationKey, text: str, action: CustomerAction | None = None) -> None:
        """Its customer writes."""
        self.events += 1
        who = Identity(home.channel, "main", "ada" if home == HOME else "ben@example.com", locale="en")
        key = EventKey(home.channel, "main", f"c{self.events}")
        await self._accept(MessageReceived(key, home, who, text, self.clock.now(), action=action, locale="en"))

    def in_thread(self, case_id: str, text: str, action: StaffAction | None, user: str) -> MessageReceived:
        """What somebody of the staff writes or presses there."""
        self.events += 1
        key, who = EventKey("slack", "main", f"m/C1/{self.events}.0"), Identity("slack", "main", user, verified=True)
        thread = ConversationKey("slack", "main", case_id)
        return MessageReceived(key, thread, who, text, self.clock.now(), action=action, audience=Audience.STAFF)

    async def does(self, case_id: str, text: str, action: StaffAction | None = None, user: str = "grace") -> None:
        """Staff, in one case's thread."""
        await self._accept(self.in_thread(case_id, text, action, user))

    async def number(self, case_id: str) -> str:
        """Of its ticket."""
        return str((await self.store.card("main", case_id))["ticket"])

    async def ticket(self, case_id: str) -> Ticket:
        """Of the case, with its history."""
        home = Case.home(case_id)
        customer = await self.store.customer(home, case_id)
        assert customer is not None
        found = await self.store.ticket(Holder.of(customer, home), await self.number(case_id))
        assert found is not None
        return found

    async def posted(self, case_id: str, post: str) -> list[Message]:
        """In one case's feed."""
        told = await self.store.messages(feed("main", case_id).conversation_id, limit=500)
        return [one for one in told if one.meta.get("post") == post]

    async def read_by(self, home: ConversationKey) -> Sequence[str]:
        """What its customer was told."""
        said = await self.store.messages(home.conversation_id, limit=500)
        return [one.text for one in said if one.author is not Author.CUSTOMER]

    async def state(self, home: ConversationKey) -> OwnershipState:
        """Whose the conversation is."""
        found = await self.store.conversation(home.conversation_id)
        assert found is not None
        return found.state


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> Office:
    made = Office(store, clock, SETTINGS)
    await made.opens()
    return made


async def test_it_is_closed_and_each_leads_to_the_other(office: Office) -> None:
    page, letter = await office.number(PAGE), await office.number(LETTER)
    await office.does(PAGE, "", StaffAction.CLAIM, "linus")
    await office.does(LETTER, f"the same as {page}", MERGE)
    assert await office.state(MAIL) is OwnershipState.RESOLVED
    assert await office.state(HOME) is OwnershipState.STAFF
    merged = await office.store.case(LETTER)
    assert merged is not None
    assert merged.closed_at is not None
    assert not await office.store.timers(LETTER)
    duplicate, kept = await office.ticket(LETTER), await office.ticket(PAGE)
    assert (duplicate.status, duplicate.fields) == (TicketStatus.CLOSED, {page: "this case goes on there"})
    assert (kept.status, kept.fields) == (TicketStatus.OPEN, {letter: "merged into this case"})
    entries = [(one.actor, one.kind, one.text) for one in kept.history if one.kind is EntryKind.FIELD]
    assert entries == [("grace", EntryKind.FIELD, f"{letter}: merged into this case")]
    for case_id, other, state in ((LETTER, page, "resolved"), (PAGE, letter, "staff")):
        shown = (await office.posted(case_id, "card_now"))[-1].meta["facts"]
        assert (shown["state"], list(shown["fields"])) == (state, [other])
    (there,) = await office.posted(LETTER, "leads_on")
    (here,) = await office.posted(PAGE, "leads_on")
    assert (there.meta["earlier"], here.meta["earlier"]) == (PAGE, LETTER)
    assert f"Grace has merged {letter} into this case" in there.text
    assert here.text == f"This case goes on in {page}."
    assert any(f"Grace has merged this case into {page}" in one.text for one in await office.posted(LETTER, "remark"))


async def test_customers_read_what_is_true_and_nothing_of_each_other(office: Office) -> None:
    page = await office.number(PAGE)
    before = list(await office.read_by(HOME))
    await office.does(LETTER, page, MERGE)
    assert await office.read_by(HOME) == before
    (*_, closed) = await office.read_by(MAIL)
    assert closed.startswith("Grace goes on with this together with another request, and has closed this conversation.")
    assert page not in closed
    assert not (await office.ticket(LETTER)).for_customer().fields
    assert not [one for one in (await office.ticket(LETTER)).for_customer().history if one.kind is EntryKind.FIELD]
    await office.does(PAGE, "", StaffAction.CLAIM)
    await office.does(PAGE, "It is on its way")
    assert "It is on its way" in await office.read_by(HOME)
    assert "It is on its way" not in await office.read_by(MAIL)


async def test_what_its_customer_writes_later_leads_staff_to_the_case_that_goes_on(office: Office) -> None:
    page, letter = await office.number(PAGE), await office.number(LETTER)
    await office.does(LETTER, page, MERGE)
    office.agent.reply = UNKNOWN
    office.clock.move(60.0)
    await office.says(MAIL, "Any news?")
    assert await office.state(MAIL) is OwnershipState.QUEUED
    assert [one.text for one in await office.posted(LETTER, "said")].count("Any news?") == 1
    assert not [one for post in ("said", "transcript") for one in await office.posted(PAGE, post) if "news" in one.text]
    told = (await office.posted(LETTER, "leads_on"))[-1]
    assert told.meta["earlier"] == PAGE
    assert f"The customer of {letter}, which was merged into this case, has written there again." == told.text
    back = (await office.posted(PAGE, "leads_on"))[-1]
    assert (back.meta["earlier"], back.text) == (LETTER, f"This case goes on in {page}.")
    await office.does(LETTER, "", StaffAction.CLAIM)
    await office.does(LETTER, "It is on its way")
    assert "It is on its way" in await office.read_by(MAIL)
    assert "It is on its way" not in await office.read_by(HOME)


async def test_staff_are_led_to_the_case_that_is_worked_on_however_often_it_was_merged(office: Office) -> None:
    await office.says(THIRD, "A person, please", CustomerAction.REQUEST_PERSON)
    letter, page, last = [await office.number(one) for one in (LETTER, PAGE, LAST)]
    await office.does(LETTER, page, MERGE)
    await office.does(PAGE, last, MERGE)
    before = [len(await office.posted(one, "leads_on")) for one in (LETTER, PAGE)]
    office.agent.reply = UNKNOWN
    office.clock.move(60.0)
    await office.says(MAIL, "Any news?")
    told = (await office.posted(LETTER, "leads_on"))[-1]
    assert (told.meta["earlier"], letter in told.text) == (LAST, True), "it stands in the thread that is open"
    back = (await office.posted(LAST, "leads_on"))[-1]
    assert (back.meta["earlier"], back.text) == (LETTER, f"This case goes on in {last}.")
    assert [len(await office.posted(one, "leads_on")) for one in (LETTER, PAGE)] == [before[0] + 1, before[1]]


async def test_where_none_of_them_is_open_the_last_one_is_told(office: Office) -> None:
    await office.says(THIRD, "A person, please", CustomerAction.REQUEST_PERSON)
    await office.does(LETTER, await office.number(PAGE), MERGE)
    await office.does(PAGE, await office.number(LAST), MERGE)
    await office.does(LAST, "", StaffAction.CLAIM)
    await office.does(LAST, "", StaffAction.RESOLVE)
    office.agent.reply = UNKNOWN
    await office.says(MAIL, "Any news?")
    assert (await office.posted(LETTER, "leads_on"))[-1].meta["earlier"] == LAST


async def test_cases_that_were_merged_in_a_circle_are_followed_once_round(office: Office) -> None:
    """It takes a card of an earlier version: what was merged and goes on by itself names no other case any more."""
    desk, page, letter = SlackDesk(office.parts(office.store), SETTINGS), await office.number(PAGE), LETTER
    await office.does(LETTER, page, MERGE)
    await office.does(PAGE, "", StaffAction.CLAIM)
    await office.does(PAGE, "", StaffAction.RESOLVE)
    facts = {**await office.store.card("main", PAGE), "merged": {"case": letter, "ticket": "TKT-1"}}
    with patch.object(SqlStore, "card", AsyncMock(return_value=facts)):
        assert await desk._goes_on(LETTER, {"case": PAGE, "ticket": page}) == {"case": PAGE, "ticket": page}


async def test_a_case_that_goes_on_by_itself_is_told_of_once(office: Office) -> None:
    await office.does(LETTER, await office.number(PAGE), MERGE)
    office.agent.reply = UNKNOWN
    for _ in range(3):
        await office.says(MAIL, "Any news?")
        await office.does(LETTER, "", StaffAction.CLAIM)
        await office.does(LETTER, "", StaffAction.RESOLVE)
    assert len([one for one in await office.posted(LETTER, "leads_on") if "again" in one.text]) == 1
    assert len(await office.posted(PAGE, "leads_on")) == 2, "when it was merged, and when its customer came back"
    assert list((await office.ticket(LETTER)).fields) == [await office.number(PAGE)], "its ticket still says so"


class _Threads(FakeDeskChannel):
    """Of Slack: each thread is the letter's."""

    async def case_of(self, thread: ConversationKey) -> str | None:
        """See DeskChannel."""
        return LETTER


async def test_the_form_refuses_a_case_whose_customer_has_ended_the_conversation(office: Office) -> None:
    page, panel = await office.number(PAGE), AsyncMock()
    parts = replace(office.parts(office.store), desk_channel=_Threads())
    views = DeskViews(parts, office.store, panel, SETTINGS)
    form = Form(MERGE, "V1", "h1", "grace", {"thread": str(Place("T1", "C1", "1.0"))}, {MERGE: page})
    assert await views.refuse(form) == {}
    await office.store.end_conversation(HOME, Identity("web", "main", "ada"))
    assert "Nothing was merged." in (await views.refuse(form))[MERGE]


@pytest.mark.parametrize(
    "named", ["TKT-20200101-0001", "no number", "itself", "closed", "ended", "both", "", "TKT-" * 5_000]
)
async def test_what_names_no_other_open_case_changes_nothing(office: Office, named: str) -> None:
    page, letter = await office.number(PAGE), await office.number(LETTER)
    if named == "closed":
        await office.does(PAGE, "", StaffAction.CLAIM)
        await office.does(PAGE, "", StaffAction.RESOLVE)
    if named == "ended":
        await office.store.end_conversation(HOME, Identity("web", "main", "ada"))
        await office.works()
    text = {"itself": letter, "closed": page, "ended": page, "both": f"{page} {letter}"}.get(named, named)
    before = await office.read_by(MAIL)
    await office.does(LETTER, text, MERGE)
    assert await office.state(MAIL) is OwnershipState.QUEUED
    assert "Nothing was merged." in (await office.posted(LETTER, "remark"))[-1].text
    assert await office.read_by(MAIL) == before
    assert not (await office.ticket(LETTER)).fields


async def test_only_the_owner_merges_what_somebody_has(office: Office) -> None:
    page = await office.number(PAGE)
    await office.does(LETTER, "", StaffAction.CLAIM, "linus")
    await office.does(LETTER, page, MERGE)
    assert await office.state(MAIL) is OwnershipState.STAFF
    assert (await office.posted(LETTER, "remark"))[-1].text == "Linus has this conversation."
    await office.does(LETTER, page, MERGE, "linus")
    assert await office.state(MAIL) is OwnershipState.RESOLVED
    await office.does(LETTER, page, MERGE, "linus")
    assert (await office.posted(LETTER, "remark"))[-1].text == f"This case is closed. This case goes on in {page}."


@BOTH_DATABASES
@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_that_are_merged_into_each_other_at_once_one_stays_open(office: Office, first: int) -> None:
    page, letter = await office.number(PAGE), await office.number(LETTER)
    await office.accepts(office.in_thread(PAGE, letter, MERGE, "grace"))
    await office.accepts(office.in_thread(LETTER, page, MERGE, "linus"))
    claimed = await office.store.claim(10, 5.0, history=60)
    outcomes = [await office.turn.run(state) for state in claimed]
    assert len(outcomes) == 2, "both were decided on what was open"
    (done,) = await office.store.finish([outcomes[first]])
    (late,) = await office.store.finish([outcomes[1 - first]])
    assert (done.outdated, late.outdated) == (False, True)
    office.clock.move(6.0)
    await office.works()
    states = sorted([await office.state(HOME), await office.state(MAIL)])
    assert states == [OwnershipState.QUEUED, OwnershipState.RESOLVED]


@BOTH_DATABASES
async def test_a_case_that_is_closed_meanwhile_takes_none(office: Office) -> None:
    page = await office.number(PAGE)
    await office.accepts(office.in_thread(LETTER, page, MERGE, "grace"))
    (state,) = await office.store.claim(10, 5.0, history=60)
    decided = await office.turn.run(state)
    await office.does(PAGE, "", StaffAction.RESOLVE, "linus")
    (finished,) = await office.store.finish([decided])
    assert finished.outdated
    await office.works()
    assert await office.state(MAIL) is OwnershipState.QUEUED
    assert "Nothing was merged." in (await office.posted(LETTER, "remark"))[-1].text
