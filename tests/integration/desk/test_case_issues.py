"""Issues of a case in the company's tracker: created once whatever dies, linked, followed, and told of once, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from channels.slack.adapter import CAPABILITIES
from config.desk.issues import IssueNews, TrackedIssues, issue_tool
from config.settings import read_settings
from config.simulation.slack_rules import check_message
from core.agent.tools import ToolContext, make_tool
from core.domain.case import feed, side_thread
from core.domain.customer import Identity
from core.domain.errors import ToolError
from core.domain.issues import ISSUES, MOST_ISSUES, TEXT, TITLE, URL, Issue, issue_at
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Message, MessageKind, MessageReceived, OutboundMessage, StaffAction
from core.intake import Intake
from core.ports.store import TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from handoff.people import Membership
from handoff.slack.posts import bodies
from handoff.slack_desk import SlackDesk
from handoff.thread.case_issues import IssueDesk
from handoff.thread.staff_only import StaffOnlyDesk
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import CASE, HOME, Agent, FakeDeskChannel, OfficeHours
from tests.integration.desk.test_guests import Members
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

ADDRESS = "https://github.com/Acme/app/issues/12"
MADE = "https://tracker.example.com/browse/APP-7"


class Tracker:
    """The company's tool. ``does``: what happens when it is asked; ``asked``: with which title, text and key."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.seen: list[ToolContext] = []
        self.does: Callable[[], Any] = lambda: {"key": "APP-7", "url": MADE}

    async def create_issue(self, title: str, text: str, context: ToolContext) -> Any:
        """Create an issue."""
        self.asked.append((title, text, context.idempotency_key))
        self.seen.append(context)
        return self.does()


class Office(OfficeHours):
    """One case whose staff have a tracker. ``members``: who is no staff."""

    def __init__(self, store: SqlStore, clock: ManualClock, tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(store, clock, SETTINGS)
        tool = make_tool(tracker.create_issue, effect=True)
        monkeypatch.setattr("config.company_tools.installed_tools", lambda: [tool])
        self.tracked = TrackedIssues(store, "main", issue_tool(read_settings(desk_issue_tool="create_issue")))
        self.members = Members()
        parts = self.parts(store)
        desk = IssueDesk(SlackDesk(parts, SETTINGS), parts, self.tracked, "en")
        guarded = StaffOnlyDesk(desk, FakeDeskChannel(), self.members, clock, "en")
        self.turn = Turn(Agent(), guarded, {}, CountedMetrics(), sorry)
        intake = Intake(store, LocalWake(), CountedMetrics(), {"slack": CAPABILITIES})
        self.news = IssueNews(self.tracked, intake, "main", clock)

    def form(self, user: str = "grace", **given: str) -> MessageReceived:
        """What was filled in."""
        self.events += 1
        thread = ConversationKey("slack", "main", side_thread(ISSUES, CASE))
        who, key = Identity("slack", "main", user, verified=True), EventKey("slack", "main", f"v/V{self.events}")
        text, now = json.dumps(given), self.clock.now()
        return MessageReceived(key, thread, who, text, now, action=StaffAction.ISSUE, audience=Audience.STAFF)

    async def links(self, url: str = ADDRESS) -> None:
        """Somebody links an issue."""
        await self._accept(self.form(**{URL: url}))

    async def hears(self, *, is_open: bool, at: float = 0.0, url: str = ADDRESS, delivery: str | None = None) -> int:
        """The tracker says how it stands, and the turn is done."""
        told = await self.news.tell(issue_at(url, title="Export fails", is_open=is_open, at=at), delivery)
        await self.works()
        return told

    async def lines(self) -> list[str]:
        """What staff read of issues, with who is mentioned."""
        found = [one for one in await self.told() if one.meta["post"] in ("remark", "reminder")]
        return [" ".join([*one.meta.get("mentions", ()), one.text]) for one in found if "issue" in one.text]

    async def issues(self) -> list[Issue]:
        """As the card shows them."""
        return list(await self.store.issues("main", CASE))

    async def begun(self) -> TurnState:
        """What a process has claimed of it."""
        (state,) = await self.store.claim(10, 5.0, history=60)
        return state

    async def survives(self) -> None:
        """Another process goes on with it, as soon as the lease of the one that died has ended."""
        assert await self.store.claim(10, 5.0, history=60) == []
        self.clock.move(6.0)
        await self.works()

    async def cards(self) -> list[Message]:
        """As it was shown again."""
        return await self.posts("card_now")


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock, tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(store, clock, tracker, monkeypatch)
    await made.escalates()
    return made


async def test_staff_create_an_issue_with_what_stands_in_the_form_and_nothing_else(
    office: Office, tracker: Tracker
) -> None:
    read = await office.reads()
    await office._accept(office.form(**{TITLE: "Export fails", TEXT: "Since Monday"}))
    ((title, text, _),) = tracker.asked
    assert (title, text) == ("Export fails", "Since Monday")
    (context,) = tracker.seen
    assert context.customer.contact.email is None
    assert (context.customer.id, context.customer.external_id, context.customer.display_name) == ("", "", None)
    assert HOME.conversation_id not in context.idempotency_key
    assert await office.issues() == [Issue(MADE, "APP-7", "Export fails", is_open=True)]
    assert await office.lines() == [f"Grace has created the issue APP-7 Export fails ({MADE})."]
    assert await office.reads() == read, "the customer is told nothing"


async def test_the_issues_stay_on_the_card_whatever_else_changes_it(office: Office) -> None:
    await office.links()
    await office.press(StaffAction.CLAIM)
    await office.customer("And another thing")
    await office.press(StaffAction.RESOLVE)
    assert [one.key for one in await office.issues()] == ["app#12"]
    assert (await office.issues())[0].is_open is None, "nobody has said how it stands"


@BOTH_DATABASES
async def test_a_process_that_dies_after_the_tool_does_not_create_another(office: Office, tracker: Tracker) -> None:
    await office.accepts(office.form(**{TITLE: "Export fails"}))
    (dying,) = await office.store.claim(10, 5.0, history=60)
    late = await office.turn.run(dying)
    await office.survives()
    (finished,) = await office.store.finish([late])
    assert not finished.held, "and what the first one decided comes too late"
    assert len(tracker.asked) == 1
    assert [one.key for one in await office.issues()] == ["APP-7"]
    assert len(await office.lines()) == 1


async def test_a_process_that_dies_in_the_tool_leaves_it_unknown(office: Office, tracker: Tracker) -> None:
    def die() -> None:
        raise asyncio.CancelledError

    tracker.does = die
    await office.accepts(office.form(**{TITLE: "Export fails", TEXT: "Since Monday"}))
    (dying,) = await office.store.claim(10, 5.0, history=60)
    with pytest.raises(asyncio.CancelledError):
        await office.turn.run(dying)
    await office.survives()
    assert len(tracker.asked) == 1, "it is not asked again"
    (line,) = await office.lines()
    assert line.startswith("It is not known whether the issue was created.")
    assert line.endswith("Export fails\nSince Monday"), "what was written is not lost"
    assert await office.issues() == []


def _refused() -> None:
    raise ToolError("No such project.")


def _broken() -> None:
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (_refused, "The issue was not created. No such project.\nExport fails"),
        (_broken, "It is not known whether the issue was created."),
        (lambda: "Done, see the board.", "Done, see the board."),
        (lambda: {"key": "APP-7"}, "It is not known whether"),
        (lambda: {"key": "APP-7", "url": "javascript:alert(1)"}, "It is not known whether"),
        (list, "It is not known whether"),
        (lambda: "[" * 100_000, "It is not known whether"),
    ],
)
async def test_what_went_wrong_is_said_as_far_as_it_is_known(
    office: Office, tracker: Tracker, does: Callable[[], Any], says: str
) -> None:
    tracker.does = does
    await office._accept(office.form(**{TITLE: "Export fails"}))
    (line,) = await office.lines()
    assert says in line
    assert await office.issues() == []


async def test_what_is_no_address_and_what_is_too_much_is_kept_in_the_thread(office: Office) -> None:
    await office.links("https://user:secret@tracker.example.com/1")
    await office.links("APP-7")
    assert [one.partition("\n")[0] for one in await office.lines()] == [
        "The issue was not created. That is no address of an issue."
    ] * 2
    for number in range(MOST_ISSUES + 1):
        await office.links(f"https://github.com/acme/app/issues/{number}")
    assert len(await office.issues()) == MOST_ISSUES
    assert (await office.lines())[-1].startswith("A case follows at most 5 issues.")
    await office.links("https://github.com/acme/app/issues/0")
    assert len(await office.issues()) == MOST_ISSUES


async def test_a_form_of_a_time_when_there_was_a_tool_is_not_lost(office: Office, tracker: Tracker) -> None:
    office.tracked._tool = None
    await office._accept(office.form(**{TITLE: "Export fails"}))
    (line,) = await office.lines()
    assert line.startswith("The issue was not created. DESK_ISSUE_TOOL is not set")
    assert line.endswith("Export fails")
    assert tracker.asked == []


async def test_the_same_issue_is_linked_once(office: Office) -> None:
    await office.links()
    await office.links("https://github.com/acme/APP/issues/12#issuecomment-5")
    assert len(await office.issues()) == 1


async def test_a_closed_issue_is_told_once_and_the_owner_is_asked_to_write(office: Office) -> None:
    await office.links()
    await office.press(StaffAction.CLAIM)
    read = await office.reads()
    for _ in range(2):
        assert await office.hears(is_open=False, at=100.0, delivery="d1") == 1
    assert await office.hears(is_open=False, at=100.0, delivery="redelivered by hand") == 1
    assert (await office.lines())[1:] == [
        f"grace The issue app#12 Export fails ({ADDRESS}) is closed. The customer has not been told."
    ]
    (reminder,) = await office.posts("reminder")
    assert reminder.meta["buttons"] == ["reply"]
    assert [one.is_open for one in await office.issues()] == [False]
    assert await office.reads() == read


async def test_older_news_change_nothing_in_whatever_order_they_come(office: Office) -> None:
    await office.links()
    await office.hears(is_open=False, at=100.0)
    await office.hears(is_open=False, at=300.0)
    await office.hears(is_open=True, at=200.0)
    assert [one.is_open for one in await office.issues()] == [False], "it was closed again since"
    await office.hears(is_open=True, at=400.0)
    assert [one.partition("(")[0] for one in (await office.lines())[1:]] == [
        "The issue app#12 Export fails ",
        "The issue app#12 Export fails ",
    ]
    assert (await office.lines())[-1].endswith("is open again.")
    await office.hears(is_open=False, at=100.0)
    assert [one.is_open for one in await office.issues()] == [True], "a delivery that somebody repeats"


async def test_what_has_no_time_counts_as_it_comes(office: Office) -> None:
    await office.links()
    for is_open in (False, True, False, False):
        await office.hears(is_open=is_open)
    assert len(await office.lines()) == 4


async def test_a_case_that_was_resolved_meanwhile_is_told_and_its_last_owner_mentioned(office: Office) -> None:
    await office.links()
    await office.press(StaffAction.CLAIM, "linus")
    await office.press(StaffAction.RESOLVE, "linus")
    read = await office.reads()
    await office.hears(is_open=False, at=100.0)
    (reminder,) = await office.posts("reminder")
    assert (reminder.meta["mentions"], reminder.meta["buttons"]) == (["linus"], [])
    assert (await office.conversation()).state == "resolved"
    assert (await office.cards())[-1].meta["facts"]["state"] == "resolved"
    assert await office.reads() == read


@BOTH_DATABASES
async def test_what_came_while_its_link_was_being_made_waits_for_it(office: Office) -> None:
    await office.accepts(office.form(**{URL: ADDRESS}))
    linking = await office.begun()
    outcome = await office.turn.run(linking)
    assert await office.news.tell(issue_at(ADDRESS, is_open=False, at=100.0), "d1") == 1, "it is followed by now"
    assert await office.store.claim(10, 5.0, history=60) == [], "and its turn has to wait"
    (finished,) = await office.store.finish([outcome])
    assert finished.held
    await office.works()
    assert [one.is_open for one in await office.issues()] == [False]


async def test_a_title_that_a_stranger_wrote_harms_nobody(office: Office) -> None:
    await office.links()
    hostile = "\x00\ud800 <!channel> *x* \u202e" + "w" * 5_000
    await office.news.tell(issue_at(ADDRESS, title=hostile, is_open=False, at=1.0), "d1")
    await office.works()
    (issue,) = await office.issues()
    assert (issue.is_open, len(issue.title) <= 200) == (False, True)
    (reminder,) = await office.posts("reminder")
    shown = bodies(OutboundMessage("m", HOME, reminder.author, reminder.text, MessageKind.NOTICE, meta=reminder.meta))
    check_message(shown[0]["text"], shown[0]["blocks"])
    assert "<!channel>" not in shown[0]["text"]


async def test_an_issue_that_nobody_follows_leaves_nothing_behind(office: Office) -> None:
    before = [one.text for one in await office.told()]
    assert await office.hears(is_open=False, at=1.0, url="https://github.com/acme/other/issues/1") == 0
    assert [one.text for one in await office.told()] == before
    assert await office.store.conversation(office.form().conversation.conversation_id) is None


async def test_the_claim_that_comes_between_is_on_the_card(office: Office) -> None:
    """The card of an issue never takes back who has the case."""
    await office.accepts(office.form(**{URL: ADDRESS}))
    linking = await office.begun()
    stale = await office.turn.run(linking)
    await office.press(StaffAction.CLAIM)
    (finished,) = await office.store.finish([stale])
    assert finished.outdated
    await office.works()
    assert [one.meta["facts"]["state"] for one in await office.cards()][-1] == "staff"
    assert len(await office.issues()) == 1


@BOTH_DATABASES
async def test_what_several_processes_hear_at_the_same_time_is_told_once(
    office: Office, open_store: OpenStore, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Office(await open_store(), office.clock, tracker, monkeypatch)
    await office.links()
    news = issue_at(ADDRESS, is_open=False, at=5.0)
    await asyncio.gather(*(one.news.tell(news, "d1") for one in (office, other) * 4))
    await office.accepts(office.form(**{URL: MADE}))
    await asyncio.gather(office.works(), other.works())
    await office.works()
    assert len(await office.lines()) == 3
    assert {one.key: one.is_open for one in await office.issues()} == {"app#12": False, "APP-7": None}


async def test_a_guest_who_sends_the_form_off_creates_nothing(office: Office, tracker: Tracker) -> None:
    office.members.others["eve"] = Membership.GUEST
    await office._accept(office.form("eve", **{TITLE: "Free licences"}))
    assert tracker.asked == []
    assert await office.issues() == []
    (whisper,) = await office.posts("whisper")
    assert whisper.meta["to"] == "eve"


async def test_a_case_that_is_not_there_and_a_press_in_the_thread_do_nothing(office: Office, tracker: Tracker) -> None:
    lost = office.form(**{TITLE: "x"})
    await office._accept(
        MessageReceived(
            lost.key,
            ConversationKey("slack", "main", side_thread(ISSUES, "")),
            lost.sender,
            lost.text,
            lost.sent_at,
            action=StaffAction.ISSUE,
            audience=Audience.STAFF,
        )
    )
    for action in (StaffAction.ISSUE, StaffAction.ISSUE_NEWS):
        await office.press(action, text="{}")
    assert tracker.asked == []
    assert await office.store.messages(feed("main", "").conversation_id) == []


async def test_many_cases_follow_one_issue(office: Office) -> None:
    ref = issue_at(ADDRESS).ref
    await office.store.remember_many("desk", "main", {f"issue/{ref}/{number:032x}.1": "" for number in range(1_200)})
    await office.links()
    assert await office.news.tell(issue_at(ADDRESS, is_open=False, at=1.0), "d1") == 1_201
    await office.works()
    assert [one.is_open for one in await office.issues()] == [False]
