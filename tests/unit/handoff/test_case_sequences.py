"""What becomes of two cases by any order of events, as the pure rules say it and a store would keep it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.case import Case
from core.domain.conversation import Conversation, OwnershipState
from core.domain.keys import ConversationKey
from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.ports.outcomes import CaseRecord, ChangeTicket, ClearTimers, CloseCase, MoveTicket, SetTimer
from handoff.settings import HandoffSettings
from handoff.tickets import CHOICES
from handoff.waits.case_rules import (
    PAUSING,
    Changes,
    ShownCase,
    case_ended,
    colleague_answered,
    customer_silent,
    customer_wrote,
    may_merge,
    may_split,
    merged,
    split,
    status_set,
)
from handoff.waits.waiting import Waiting

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WAITING = Waiting(HandoffSettings(nudge_seconds=300.0, close_seconds=200.0), NOW)
REMINDERS = {TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT}


@dataclass
class Kept:
    """A case as a store keeps it. ``quiet``: its customer has said nothing since it was paused."""

    case: Case
    owned: bool
    status: TicketStatus = TicketStatus.OPEN
    timers: set[TimerKind] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False

    @property
    def home(self) -> Conversation:
        """Whose customer has not ended it."""
        key, id_ = ConversationKey("web", "main", "t1"), self.case.conversation_id
        state, owner = (OwnershipState.STAFF, "grace") if self.owned else (OwnershipState.QUEUED, None)
        return Conversation(id_, key, "c1", state, owner, 1, 1, 1, 0, 0, NOW)

    @property
    def shown(self) -> ShownCase:
        return ShownCase(self.case.id, {**self.facts, "status": str(self.status)}, self.owned)

    def keep(self, record: CaseRecord) -> None:
        """As keep_cases does; the record is this case's."""
        match record:
            case SetTimer():
                self.timers.add(record.kind)
            case ClearTimers():
                self.timers -= set(record.kinds)
            case CloseCase():
                self.case = replace(self.case, closed_at=NOW)
                self.timers.clear()
            case MoveTicket():
                self.status = record.status
            case ChangeTicket():
                self.status = record.change.status or self.status
                fields = {**self.facts.get("fields", {}), **(record.change.fields or {})}
                self.facts = {**self.facts, "fields": fields}


def _fresh(number: int, owned: bool, of_home: int = 1) -> Kept:
    case = Case(f"home{number}.{of_home}", f"home{number}", of_home, "", "customer", "normal", NOW)
    kept = Kept(case, owned, facts={"ticket": f"TKT-2026112{of_home}-000{number}"})
    for record in WAITING.for_owner(case.id) if owned else WAITING.for_anybody(case.id):
        kept.keep(record)
    return kept


EVENTS = st.sampled_from(
    ["customer", "colleague", *CHOICES, "nudge", "nudged", "resolve", "hand back", "merge", "split"]
)


@given(
    owned=st.tuples(st.booleans(), st.booleans()),
    events=st.lists(st.tuples(EVENTS, st.integers(0, 1), st.booleans()), max_size=12),
)
def test_no_order_of_events_leaves_a_case_between_two_states(
    owned: tuple[bool, bool], events: list[tuple[str, int, bool]]
) -> None:
    cases, ended = [_fresh(number, one) for number, one in enumerate(owned)], list[Kept]()
    for event, which, waits in events:
        this, other = cases[which], cases[1 - which]
        if event == "split" and may_split(this.case, this.home):
            cases[which] = _splits(this, which)
            ended.append(this)
        elif this.case.closed_at is None and event != "split":
            _happens(event, this, other, waits=waits)
        for one in (*cases, *ended):
            _stands_right(one)
    named = {one.case.id: one for one in (*cases, *ended)}
    for one in named.values():
        if goes_on := one.facts.get("merged"):
            into = named[goes_on["case"]]
            assert goes_on["ticket"] == into.facts["ticket"]
            assert one.facts["ticket"] in into.facts["fields"]
            assert into.facts.get("merged", {}).get("case") != one.case.id, "both cannot have gone on in each other"
    for number in range(2):
        of_home = [one for one in named.values() if one.case.conversation_id == f"home{number}"]
        assert sum(one.case.closed_at is None for one in of_home) <= 1, "one case of a conversation at a time"


def _splits(this: Kept, which: int) -> Kept:
    """The case that goes on."""
    new = _fresh(which, owned=False, of_home=this.case.number + 1)
    here, there = split(this.shown, new.shown, "A parcel", "grace", "m1", "en")
    assert split(this.shown, new.shown, "A parcel", "grace", "m1", "en") == (here, there), (
        "decided again, it is the same"
    )
    this.status = TicketStatus.RESOLVED
    _keep(this, here)
    _keep(new, there)
    assert not may_split(this.case, this.home)
    assert not may_split(new.case, new.home), "somebody has to claim it first"
    return new


def _happens(event: str, this: Kept, other: Kept, *, waits: bool) -> None:
    shown, id_ = this.shown, this.case.id
    match event:
        case "customer":
            _keep(this, customer_wrote(shown, WAITING))
            this.quiet = False
        case "colleague":
            _keep(this, Changes(colleague_answered(shown, NOW, WAITING)))
        case "nudge" | "nudged":
            if shown.status is TicketStatus.PENDING:
                _keep(this, customer_silent(shown, event == "nudged", WAITING))
        case "resolve" | "hand back":
            _keep(this, Changes(case_ended(id_, "grace", resolved=event == "resolve")))
        case "merge":
            if may_merge(this.case, other.case, other.home):
                here, there = merged(shown, other.shown, "grace", "m1", "en")
                assert merged(shown, other.shown, "grace", "m1", "en") == (here, there), "decided again, it is the same"
                before = (other.status, set(other.timers), other.case)
                _keep(this, here)
                _keep(other, there)
                assert (other.status, other.timers, other.case) == before, "the case that goes on goes on as it was"
                assert not may_merge(other.case, this.case, this.home), "nothing is merged into what is closed"
        case _:
            this.status = TicketStatus(event)  # stored with what else the form changes
            _keep(this, status_set(shown, this.status, WAITING, customer_waits=waits))
            this.quiet = event in PAUSING


def _keep(one: Kept, changes: Changes) -> None:
    for record in changes.records:
        assert getattr(record, "case_id", None) == one.case.id, "of no other case"
        one.keep(record)
    one.facts = {**one.facts, **changes.facts}
    assert changes.facts.get("status", one.status) == one.status, "the card says what is stored"


def _stands_right(one: Kept) -> None:
    if one.case.closed_at is not None:
        assert not one.timers
        assert one.status is not TicketStatus.OPEN
        return
    assert one.status in CHOICES
    assert not (one.quiet and one.timers & REMINDERS), "nobody is reminded of what waits for somebody else"
    if one.status is TicketStatus.OPEN and not one.owned:
        assert TimerKind.UNCLAIMED in one.timers, "somebody is reminded of what nobody has"
