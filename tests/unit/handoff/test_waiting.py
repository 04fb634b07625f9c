"""Which timers a case has, and when they come due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.domain.timers import TimerKind
from core.ports.outcomes import CaseRecord, ClearTimers, SetTimer
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from handoff.waits.waiting import Waiting, long

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""10:00 in Berlin, and open."""
EVENING = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
OFFICE = HandoffSettings(hours=parse_hours("Mon-Fri 09:00-17:30", "Europe/Berlin"), zone=BERLIN)
ALWAYS = HandoffSettings()


def timers(records: tuple[CaseRecord, ...]) -> dict[TimerKind, float]:
    """What is set, in seconds from now."""
    return {one.kind: one.after for one in records if isinstance(one, SetTimer)}


def cleared(records: tuple[CaseRecord, ...]) -> set[TimerKind]:
    """What is taken away."""
    return {kind for one in records if isinstance(one, ClearTimers) for kind in one.kinds}


def test_a_case_in_the_queue_reminds_the_channel_and_is_honest_to_the_customer() -> None:
    records = Waiting(ALWAYS, MONDAY).for_anybody("c.1")
    assert timers(records) == {TimerKind.UNCLAIMED: 600.0, TimerKind.NOBODY_CAME: 300.0}
    assert cleared(records) == {TimerKind.OWNER_SILENT, TimerKind.SNOOZED}


def test_outside_the_hours_both_wait_for_the_opening() -> None:
    until = (datetime(2026, 11, 24, 8, 0, tzinfo=UTC) - EVENING).total_seconds()
    found = timers(Waiting(OFFICE, EVENING).for_anybody("c.1"))
    assert found == {TimerKind.UNCLAIMED: until + 600, TimerKind.NOBODY_CAME: until + 300}


def test_an_owner_has_to_answer() -> None:
    records = Waiting(ALWAYS, MONDAY).for_owner("c.1")
    assert timers(records) == {TimerKind.OWNER_SILENT: 900.0}
    stay = {TimerKind.LEARN, TimerKind.FOLLOW_UP, TimerKind.ANSWER, TimerKind.NUDGE, TimerKind.GAPS}
    assert cleared(records) == set(TimerKind) - stay, (
        "what was resolved before is learned from all the same, what was said is for the customer still, a claim is no answer"
    )
    assert cleared(Waiting(ALWAYS, MONDAY).answered("c.1", MONDAY)) == {TimerKind.OWNER_SILENT}


def test_a_customer_who_writes_again_does_not_put_the_reminder_off() -> None:
    (record,) = Waiting(ALWAYS, MONDAY).owner_silent("c.1", keep=True)
    assert isinstance(record, SetTimer)
    assert record.keep


def test_reminders_come_less_often_but_never_end() -> None:
    waiting = Waiting(ALWAYS, MONDAY)
    found = [timers(waiting.unclaimed("c.1", stage))[TimerKind.UNCLAIMED] for stage in (0, 1, 2, 3, 20, 5_000)]
    assert found == [600, 600, 1200, 2400, 86_400, 86_400]


def test_a_timer_of_no_length_is_none() -> None:
    off = HandoffSettings(remind_seconds=0, owner_seconds=0, honest_seconds=0)
    waiting = Waiting(off, MONDAY)
    assert not timers((*waiting.for_anybody("c.1"), *waiting.for_owner("c.1")))


@pytest.mark.parametrize(
    ("settings", "now", "choice", "until"),
    [
        (OFFICE, MONDAY, "hour", MONDAY + timedelta(hours=1)),
        (OFFICE, MONDAY, "tomorrow", datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN)),
        (OFFICE, MONDAY, "opening", datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN)),
        (OFFICE, datetime(2026, 11, 24, 2, 0, tzinfo=UTC), "opening", datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN)),
        (OFFICE, datetime(2026, 11, 24, 2, 0, tzinfo=UTC), "tomorrow", datetime(2026, 11, 25, 9, 0, tzinfo=BERLIN)),
        (OFFICE, datetime(2026, 11, 27, 12, 0, tzinfo=UTC), "tomorrow", datetime(2026, 11, 30, 9, 0, tzinfo=BERLIN)),
        (ALWAYS, MONDAY, "opening", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        (ALWAYS, MONDAY, "tomorrow", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        (ALWAYS, MONDAY, "whenever", None),
    ],
)
def test_until_when_a_case_is_put_aside(
    settings: HandoffSettings, now: datetime, choice: str, until: datetime | None
) -> None:
    assert Waiting(settings, now).snooze_until(choice) == until


def test_where_it_is_always_open_the_next_opening_is_a_morning() -> None:
    settings = HandoffSettings(hours=parse_hours("24/7", "Europe/Berlin"), zone=BERLIN)
    until = Waiting(settings, MONDAY).snooze_until("opening")
    assert until is not None
    assert until > MONDAY


@pytest.mark.parametrize(("seconds", "text"), [(1, "1 min"), (600, "10 min"), (3 * 3600, "3 h"), (5 * 86_400, "5 d")])
def test_how_long_somebody_has_waited(seconds: float, text: str) -> None:
    assert long(seconds) == text
