"""What becomes of a case, as a function of the case and of what happens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.ports.outcomes import ClearTimers, CloseCase, MoveTicket, SetTimer
from handoff.settings import HandoffSettings
from handoff.waits.case_rules import PAUSING, ShownCase, customer_silent, customer_wrote, status_set
from handoff.waits.waiting import Waiting

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WAITING = Waiting(HandoffSettings(), NOW)


def case(*, owned: bool = True, **facts: Any) -> ShownCase:
    return ShownCase("c.1", facts, owned)


def test_a_case_without_a_ticket_is_open() -> None:
    assert case().status is TicketStatus.OPEN


def test_the_customers_words_open_what_is_pending_alone() -> None:
    for status in TicketStatus:
        changes = customer_wrote(case(status=status), WAITING)
        moved = [one.status for one in changes.records if isinstance(one, MoveTicket)]
        assert moved == ([TicketStatus.OPEN] if status is TicketStatus.PENDING else [])
        assert changes.facts == ({"status": "open"} if moved else {})


@pytest.mark.parametrize("owned", [True, False])
def test_reminders_stop_and_begin_with_the_status(owned: bool) -> None:
    kind = TimerKind.OWNER_SILENT if owned else TimerKind.UNCLAIMED
    for status in PAUSING:
        cleared, *_ = status_set(case(owned=owned), status, WAITING, customer_waits=True).records
        assert isinstance(cleared, ClearTimers)
        assert kind in cleared.kinds
    _, reminder = status_set(case(owned=owned), TicketStatus.OPEN, WAITING, customer_waits=True).records
    assert isinstance(reminder, SetTimer)
    assert (reminder.kind, reminder.keep) == (kind, True)


def test_whoever_answered_is_not_reminded() -> None:
    (cleared,) = status_set(case(), TicketStatus.OPEN, WAITING, customer_waits=False).records
    assert cleared == ClearTimers("c.1", (TimerKind.NUDGE,))


def test_a_silent_customer_is_asked_and_then_the_case_is_closed() -> None:
    waiting = Waiting(HandoffSettings(nudge_seconds=300.0, close_seconds=200.0), NOW)
    pending = status_set(case(), TicketStatus.PENDING, waiting, customer_waits=False).records
    assert SetTimer("c.1", TimerKind.NUDGE, 300.0) in pending
    assert customer_silent(case(), False, waiting).records == (SetTimer("c.1", TimerKind.NUDGE, 200.0, 1),)
    closed, moved = customer_silent(case(), True, waiting).records
    assert (closed, moved) == (CloseCase("c.1"), MoveTicket("c.1", TicketStatus.RESOLVED, "rule"))
