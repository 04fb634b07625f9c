"""What becomes of a case when somebody writes or its status is set: what is stored and what its card shows. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.domain.case import Case
from core.domain.conversation import Conversation, OwnershipState
from core.domain.ticket import TicketStatus
from core.domain.timers import Timer, TimerKind
from core.ports.outcomes import CaseRecord, ChangeTicket, ClearTimers, CloseCase
from core.ports.tickets import TicketChange
from handoff.texts import say
from handoff.tickets import ended, reopened
from handoff.waits.waiting import Waiting

PAUSING = (TicketStatus.PENDING, TicketStatus.ON_HOLD)
"""While a case has one of them, staff are not reminded of it."""


@dataclass(frozen=True, slots=True)
class ShownCase:
    """An open case as its card shows it (``facts``). ``owned``: a staff member has it."""

    id: str
    facts: Mapping[str, Any]
    owned: bool

    @property
    def status(self) -> TicketStatus:
        """Of its ticket; a case without a ticket is open."""
        return TicketStatus(self.facts.get("status") or TicketStatus.OPEN)

    @property
    def ticket(self) -> str:
        """The number by which staff know it; the id of a case without a ticket."""
        return str(self.facts.get("ticket") or self.id)


@dataclass(frozen=True, slots=True)
class Changes:
    """``records``: to be stored. ``facts``: what the card shows differently. ``remarks``: texts for the thread, by name."""

    records: tuple[CaseRecord, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def customer_wrote(case: ShownCase, waiting: Waiting, timer: Timer | None = None) -> Changes:
    """A message of the customer's ends a snooze and opens a pending case. A case on hold stays on hold, with a reminder.

    ``timer``: the answer that was due when a pending case was paused.
    """
    snoozed, pending = case.facts.get("snoozed_until") is not None, case.status is TicketStatus.PENDING
    records = _remind(case, waiting) if case.owned or snoozed or case.status in PAUSING else ()
    if snoozed:
        looks = () if case.owned else waiting.assign(case.id, now=True)
        records = (ClearTimers(case.id, (TimerKind.SNOOZED,)), *records, *looks)
    due, on_hold = waiting.answers, case.status is TicketStatus.ON_HOLD
    records = (*records, *due.resume(timer), *due.begin(case.id, paused=on_hold))
    if pending:
        records = (*records, ClearTimers(case.id, (TimerKind.NUDGE,)), reopened(case.id))
    remarks = {"staff_snooze_ended": snoozed, "staff_no_longer_pending": pending}
    facts = {"status": str(TicketStatus.OPEN)} if pending else {}
    return Changes(records, facts, tuple(key for key, holds in remarks.items() if holds))


def colleague_answered(
    case: ShownCase, at: datetime | None, waiting: Waiting, timer: Timer | None = None
) -> tuple[CaseRecord, ...]:
    """A colleague answered where the customer reads, and had read what had come until ``at``. ``timer``: as in status_set."""
    pending, paused, due = case.status is TicketStatus.PENDING, case.status in PAUSING, waiting.answers
    again = next(iter(due.begin(case.id, paused=paused)), None)  # what the same turn began has no timer yet
    given = due.answered(case.id, at, timer, paused=paused) or (ClearTimers(case.id, (TimerKind.ANSWER,), at, again),)
    if case.owned:
        return (*waiting.answered(case.id, at, pending=pending), *given)
    return (*(waiting.nudge(case.id) if pending else ()), *given)


def status_set(
    case: ShownCase, status: TicketStatus, waiting: Waiting, timer: Timer | None = None, *, customer_waits: bool
) -> Changes:
    """Staff chose ``status``. ``timer``: of the answer that is due. ``customer_waits``: their last message has no answer."""
    facts = {"status": str(status)}
    if status in PAUSING:
        gone = ClearTimers(case.id, (TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT, TimerKind.NUDGE))
        nudge = waiting.nudge(case.id) if status is TicketStatus.PENDING else ()
        return Changes((gone, *nudge, *waiting.answers.pause(timer)), facts)
    reminder = _remind(case, waiting) if customer_waits or not case.owned else ()
    return Changes((ClearTimers(case.id, (TimerKind.NUDGE,)), *reminder, *waiting.answers.resume(timer)), facts)


def customer_silent(case: ShownCase, nudged: bool, waiting: Waiting) -> Changes:
    """The customer of a pending case has their answer, and has not said anything to it. ``nudged``: they were asked before."""
    if not nudged:
        return Changes(waiting.nudge(case.id, stage=1))
    return Changes(case_ended(case.id, "rule", resolved=True), {}, ("staff_closed_silent",))


def case_ended(case_id: str, who: str, *, resolved: bool) -> tuple[CaseRecord, ...]:
    """``who`` resolved it, or handed its conversation back to the agent."""
    return CloseCase(case_id), ended(case_id, who, resolved=resolved)


def may_merge(case: Case, into: Case, home: Conversation) -> bool:
    """Whether one case may be closed as a duplicate of the other: that is of another conversation (``home``), and still worked
    on. A conversation that its customer has ended takes no answer.
    """
    return into.conversation_id != case.conversation_id and into.closed_at is None and home.ended_at is None


def merged(case: ShownCase, into: ShownCase, who: str, origin: str, language: str) -> tuple[Changes, Changes]:
    """What becomes of a duplicate, and of the case that goes on: the first is closed, and each ticket names the other.

    ``origin``: the message by which staff ordered it.
    """
    told = say("ticket_merged_into", language), say("ticket_merged_from", language)
    return _goes_on(case, into, TicketStatus.CLOSED, told, who, origin)


def may_split(case: Case, home: Conversation) -> bool:
    """Whether its owner may go on with another matter in a new case: the conversation has one open case at a time."""
    return case.closed_at is None and home.state is OwnershipState.STAFF and home.ended_at is None


def split(
    case: ShownCase, into: ShownCase, subject: str, who: str, origin: str, language: str
) -> tuple[Changes, Changes]:
    """What becomes of a case whose conversation goes on about ``subject`` in a new one: it is closed as resolved."""
    told = say("ticket_split_into", language, text=subject), say("ticket_split_from", language)
    return _goes_on(case, into, TicketStatus.RESOLVED, told, who, origin)


def _goes_on(
    case: ShownCase, into: ShownCase, status: TicketStatus, told: tuple[str, str], who: str, origin: str
) -> tuple[Changes, Changes]:
    """``told``: what the ticket of each case says of the other one."""
    closed, kept = TicketChange(status, fields={into.ticket: told[0]}), TicketChange(fields={case.ticket: told[1]})
    goes_on = {"case": into.id, "ticket": into.ticket}
    here = {"status": str(status), "fields": _with_fields(case, closed), "merged": goes_on}
    records = (CloseCase(case.id), ChangeTicket(case.id, closed, who, origin))
    there = {"fields": _with_fields(into, kept)}
    return Changes(records, here), Changes((ChangeTicket(into.id, kept, who, origin),), there)


def _with_fields(case: ShownCase, change: TicketChange) -> Mapping[str, str]:
    return {**(case.facts.get("fields") or {}), **(change.fields or {})}


def _remind(case: ShownCase, waiting: Waiting) -> tuple[CaseRecord, ...]:
    return waiting.owner_silent(case.id, keep=True) if case.owned else waiting.unclaimed(case.id, keep=True)
