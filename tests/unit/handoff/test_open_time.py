"""Time that counts only while staff are there, and the end of an opening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.hours import parse_hours

BERLIN = "Europe/Berlin"
OFFICE = parse_hours("Mon-Fri 09:00-12:00, 13:00-17:30; Sat 10:00-14:00; closed 12-25", BERLIN)
NIGHTS = parse_hours("Fri-Sat 22:00-06:00; Mon 00:00-24:00; Tue 00:00-02:00", BERLIN)
MINUTES = st.integers(0, 270 * 24 * 60)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """In UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        (at(2026, 11, 23, 9, 0), 10, at(2026, 11, 23, 9, 10)),
        (at(2026, 11, 23, 10, 55), 10, at(2026, 11, 23, 12, 5)),
        (at(2026, 11, 20, 16, 25), 10, at(2026, 11, 21, 9, 5)),
        (at(2026, 11, 21, 20, 0), 30, at(2026, 11, 23, 8, 30)),
        (at(2026, 12, 24, 16, 29), 2, at(2026, 12, 26, 9, 1)),
    ],
)
def test_minutes_of_the_night_do_not_count(start: datetime, minutes: int, end: datetime) -> None:
    assert OFFICE.after(start, minutes * 60) == end


@settings(max_examples=20, deadline=None)
@given(number=MINUTES, minutes=st.integers(1, 200), office=st.booleans())
def test_as_many_minutes_are_open_as_were_asked_for(number: int, minutes: int, office: bool) -> None:
    """Counted minute by minute, over changes of the clock as well."""
    team = OFFICE if office else NIGHTS
    start = at(2026, 3, 1) + timedelta(minutes=number)
    end = team.after(start, minutes * 60)
    assert end is not None
    span = round((end - start).total_seconds() / 60)
    opened = sum(team.is_open(start + timedelta(minutes=number)) for number in range(span))
    assert opened == minutes
    assert team.is_open(end - timedelta(seconds=1))


def test_where_nobody_ever_comes_no_time_passes() -> None:
    assert parse_hours("Mon 09:00-10:00; closed 01-01..12-31", BERLIN).after(at(2026, 11, 23), 1) is None


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (at(2026, 11, 23, 8, 30), at(2026, 11, 23, 11, 0)),
        (at(2026, 11, 23, 11, 30), None),
        (at(2026, 11, 23, 16, 0), at(2026, 11, 23, 16, 30)),
    ],
)
def test_the_end_of_an_opening(moment: datetime, end: datetime | None) -> None:
    assert OFFICE.closing(moment) == end


def test_openings_that_touch_are_one() -> None:
    assert NIGHTS.closing(at(2026, 11, 23, 12, 0)) == at(2026, 11, 24, 1, 0)
    assert NIGHTS.closing(at(2026, 11, 20, 23, 0)) == at(2026, 11, 21, 5, 0), "the night that began on Friday"


def test_what_is_always_open_never_closes() -> None:
    assert parse_hours("24/7", BERLIN).closing(at(2026, 11, 23)) is None


def test_an_opening_before_long_holidays_ends() -> None:
    team = parse_hours("Mon-Fri 09:00-17:00; closed 2026-11-24..2027-01-31", BERLIN)
    assert team.closing(at(2026, 11, 23, 9, 0)) == at(2026, 11, 23, 16, 0)
