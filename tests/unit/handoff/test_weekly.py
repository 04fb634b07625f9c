"""Once a week by the staff's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from handoff.learning.weekly import BadWeekly, parse_weekly

BERLIN = ZoneInfo("Europe/Berlin")


def dues(text: str, after: datetime, count: int) -> list[str]:
    weekly = parse_weekly(text, BERLIN)
    assert weekly is not None
    found = []
    for _ in range(count):
        after = weekly.after(after)
        found.append(after.strftime("%m-%d %H:%M"))
    return found


def test_nine_stays_nine_when_the_clocks_change() -> None:
    assert dues("Mon 09:00", datetime(2026, 10, 15, tzinfo=UTC), 3) == ["10-19 07:00", "10-26 08:00", "11-02 08:00"]
    assert dues("monday 9.00", datetime(2026, 3, 20, tzinfo=UTC), 2) == ["03-23 08:00", "03-30 07:00"]


def test_the_moment_itself_is_not_the_next_one() -> None:
    assert dues("Mon 09:00", datetime(2026, 10, 19, 7, 0, tzinfo=UTC), 1) == ["10-26 08:00"]
    assert dues("Mon 09:00", datetime(2026, 10, 19, 6, 59, 59, tzinfo=UTC), 1) == ["10-19 07:00"]


def test_a_time_that_is_skipped_or_comes_twice_comes_once() -> None:
    assert dues("Sun 02:30", datetime(2026, 3, 23, tzinfo=UTC), 2) == ["03-29 01:30", "04-05 00:30"]
    assert dues("Sun 02:30", datetime(2026, 10, 19, 12, tzinfo=UTC), 2) == ["10-25 00:30", "11-01 01:30"]


def test_never_and_what_is_no_time() -> None:
    assert parse_weekly(" Never ", BERLIN) is None
    for text in ("", "Mon", "09:00", "Mon 24:00", "Mon 9:60", "Xyz 09:00", "Mon-Fri 09:00", "T 09:00"):
        with pytest.raises(BadWeekly, match="Mon 09:00"):
            parse_weekly(text, BERLIN)
