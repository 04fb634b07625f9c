"""Business hours: what is open when, over midnights, holidays and both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handoff.hours import DayRule, Days, Hours, Span, parse_hours

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
ZONES = (
    BERLIN,
    NEW_YORK,
    "UTC",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "America/Sao_Paulo",
)


def _in(zone: str, *when: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = (*when, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)


OFFICE = parse_hours("Mon-Fri 09:00-12:00, 13:00-17:30; Sat 10:00-14:00; closed 12-25, 2026-12-31..2027-01-02", BERLIN)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ((2026, 11, 23, 8, 59), False),
        ((2026, 11, 23, 9, 0), True),
        ((2026, 11, 23, 12, 0), False),
        ((2026, 11, 23, 13, 0), True),
        ((2026, 11, 23, 17, 30), False),
        ((2026, 11, 21, 10, 0), True),
        ((2026, 11, 22, 10, 0), False),
        ((2026, 12, 25, 10, 0), False),
        ((2030, 12, 25, 10, 0), False),
        ((2026, 12, 31, 10, 0), False),
        ((2027, 12, 31, 10, 0), True),
    ],
)
def test_the_hours_of_an_office(when: tuple[int, ...], is_open: bool) -> None:
    assert OFFICE.is_open(_in(BERLIN, *when)) is is_open


@pytest.mark.parametrize(
    ("when", "opening"),
    [
        ((2026, 11, 23, 9, 30), (2026, 11, 23, 9, 30)),
        ((2026, 11, 23, 12, 10), (2026, 11, 23, 13, 0)),
        ((2026, 11, 21, 20, 0), (2026, 11, 23, 9, 0)),
        ((2026, 12, 24, 20, 0), (2026, 12, 26, 10, 0)),
        ((2026, 12, 30, 18, 0), (2027, 1, 4, 9, 0)),
    ],
)
def test_the_next_opening_of_an_office(when: tuple[int, ...], opening: tuple[int, ...]) -> None:
    assert OFFICE.next_opening(_in(BERLIN, *when)) == _in(BERLIN, *opening)


def test_the_answer_is_in_the_teams_zone_whatever_zone_asks() -> None:
    opening = OFFICE.next_opening(datetime(2026, 11, 22, 3, 0, tzinfo=ZoneInfo("Asia/Tokyo")))
    assert opening is not None
    assert opening.isoformat() == "2026-11-23T09:00:00+01:00"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.is_open(datetime(2026, 11, 23, 9, 0))  # noqa: DTZ001


def test_a_night_shift_goes_on_after_midnight_even_into_a_holiday() -> None:
    night = parse_hours("Thu 22:00-06:00; closed 2026-12-25", BERLIN)
    assert night.is_open(_in(BERLIN, 2026, 12, 25, 5, 59))
    assert not night.is_open(_in(BERLIN, 2026, 12, 25, 6, 0))
    assert not parse_hours("Thu 22:00-06:00; closed 2026-12-24", BERLIN).is_open(_in(BERLIN, 2026, 12, 25, 1, 0))


def test_an_opening_beats_a_closing_in_either_order() -> None:
    for text in ("closed 12-20..01-06; open 12-24 09:00-12:00", "open 12-24 09:00-12:00; closed 12-20..01-06"):
        hours = parse_hours(f"Mon-Sun 08:00-20:00; {text}", BERLIN)
        assert hours.next_opening(_in(BERLIN, 2026, 12, 20)) == _in(BERLIN, 2026, 12, 24, 9, 0)
        assert hours.next_opening(_in(BERLIN, 2026, 12, 24, 12, 0)) == _in(BERLIN, 2027, 1, 7, 8, 0)


def test_the_whole_week_is_one_opening() -> None:
    always = parse_hours("24/7", NEW_YORK)
    for hour in range(24 * 8):
        assert always.is_open(_in("UTC", 2026, 10, 28) + timedelta(hours=hour))


def test_never_open_has_no_next_opening() -> None:
    assert parse_hours("Mon 9:00-17:00; closed 01-01..12-31", BERLIN).next_opening(_in(BERLIN, 2026, 1, 1)) is None
    assert parse_hours("open 2020-01-01 9:00-17:00", BERLIN).next_opening(_in(BERLIN, 2026, 1, 1)) is None


def test_a_far_opening_is_found() -> None:
    assert parse_hours("open 2041-05-01 9:00-17:00", BERLIN).next_opening(_in(BERLIN, 2026, 1, 1)) == _in(
        BERLIN, 2041, 5, 1, 9
    )


def test_leap_days() -> None:
    closed = parse_hours("Mon-Sun 09:00-17:00; closed 02-29", BERLIN)
    assert closed.next_opening(_in(BERLIN, 2028, 2, 28, 18)) == _in(BERLIN, 2028, 3, 1, 9)
    assert closed.is_open(_in(BERLIN, 2027, 3, 1, 10))
    only = parse_hours("open 02-29 09:00-17:00", BERLIN)
    assert only.next_opening(_in(BERLIN, 2096, 3, 1)) == _in(BERLIN, 2104, 2, 29, 9)


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("Sun 01:00-04:00", "2026-03-29T00:00:00+00:00", "2026-03-29T02:00:00+00:00"),
        ("Sun 02:30-04:00", "2026-03-29T01:00:00+00:00", "2026-03-29T02:00:00+00:00"),
        ("Sun 01:00-02:30", "2026-03-29T00:00:00+00:00", "2026-03-29T01:00:00+00:00"),
        ("Sat 22:00-05:00", "2026-03-28T21:00:00+00:00", "2026-03-29T03:00:00+00:00"),
        ("Sun 02:10-02:50", "2026-04-05T00:10:00+00:00", "2026-04-05T00:50:00+00:00"),
    ],
)
def test_the_clock_is_put_forward(text: str, opens: str, closes: str) -> None:
    """Berlin, 29 March 2026: after 01:59 comes 03:00. Hours that lie in the gap alone are left out that day."""
    _opens_and_closes(text, datetime(2026, 3, 28, 12, tzinfo=UTC), opens, closes)


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("Sun 01:00-04:00", "2026-10-24T23:00:00+00:00", "2026-10-25T03:00:00+00:00"),
        ("Sun 02:30-04:00", "2026-10-25T00:30:00+00:00", "2026-10-25T03:00:00+00:00"),
        ("Sun 01:00-02:30", "2026-10-24T23:00:00+00:00", "2026-10-25T01:30:00+00:00"),
        ("Sat 22:00-05:00", "2026-10-24T20:00:00+00:00", "2026-10-25T04:00:00+00:00"),
    ],
)
def test_the_clock_is_put_back(text: str, opens: str, closes: str) -> None:
    """Berlin, 25 October 2026: after 02:59 comes 02:00 again."""
    _opens_and_closes(text, datetime(2026, 10, 24, 12, tzinfo=UTC), opens, closes)


def _opens_and_closes(text: str, after: datetime, opens: str, closes: str) -> None:
    hours = parse_hours(text, BERLIN)
    opening, closing = datetime.fromisoformat(opens), datetime.fromisoformat(closes)
    found = hours.next_opening(after)
    assert found is not None
    assert found.astimezone(UTC) == opening
    assert not hours.is_open(opening - timedelta(seconds=1))
    assert hours.is_open(opening)
    assert hours.is_open(closing - timedelta(seconds=1))
    assert not hours.is_open(closing)


def test_a_zone_may_skip_a_whole_day() -> None:
    """Samoa went from 29 to 31 December 2011."""
    hours = parse_hours("Mon-Sun 09:00-17:00", "Pacific/Apia")
    assert hours.next_opening(_in("Pacific/Apia", 2011, 12, 29, 17, 0)) == _in("Pacific/Apia", 2011, 12, 31, 9, 0)


_SPANS = st.builds(
    lambda start, length: Span(start * 5, start * 5 + length * 5), st.integers(0, 287), st.integers(1, 288)
)
_DAY = st.tuples() | st.tuples(_SPANS) | st.tuples(_SPANS, _SPANS)
_DATES = st.dates(date(2026, 1, 1), date(2028, 12, 31))
_DAYS = st.builds(
    lambda first, length, yearly: Days(first, first + timedelta(days=length), yearly),
    _DATES,
    st.integers(0, 20),
    st.booleans(),
)
_HOURS = st.builds(
    Hours,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.tuples(*[_DAY] * 7),
    st.lists(st.builds(DayRule, _DAYS, _DAY), max_size=3).map(tuple),
)
_CHANGES = st.sampled_from(
    ["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-11-01T06:00Z", "2027-04-03T15:00Z", "2028-02-29T00:00Z"]
).map(datetime.fromisoformat)
_NEAR_CHANGES = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), _CHANGES, st.integers(-3000, 3000)
)
_MOMENTS = _NEAR_CHANGES | st.integers(0, 3 * 365 * 1440).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@settings(deadline=None)
@given(_HOURS, _MOMENTS)
def test_at_the_next_opening_somebody_is_there_and_nobody_before(hours: Hours, at: datetime) -> None:
    opening = hours.next_opening(at)
    if opening is None:
        assert not any(hours.is_open(at + timedelta(hours=hour)) for hour in range(0, 24 * 15, 5))
        return
    assert opening >= at
    assert opening.tzinfo is hours.zone
    assert hours.is_open(opening)
    assert (opening.astimezone(UTC) == at) == hours.is_open(at)
    if opening > at:
        assert not hours.is_open(opening - timedelta(microseconds=1))
        step = max((opening - at) / 100, timedelta(minutes=5))
        moments = (at + step * number for number in range(100))
        assert not any(hours.is_open(moment) for moment in moments if moment < opening)


@settings(deadline=None)
@given(_HOURS, _MOMENTS)
def test_away_from_changes_of_the_clock_the_wall_clock_decides(hours: Hours, at: datetime) -> None:
    there = at.astimezone(hours.zone)
    around = {(there + timedelta(days=days)).utcoffset() for days in (-3, -2, -1, 0, 1, 2)}
    assume(len(around) == 1)
    minutes = there.hour * 60 + there.minute
    days = [(hours.spans_on(there.date() - timedelta(days=back)), minutes + back * 1440) for back in (0, 1)]
    assert hours.is_open(at) == any(span.start <= clock < span.end for spans, clock in days for span in spans)


def test_how_long_somebody_was_there() -> None:
    friday, monday = _in(BERLIN, 2026, 11, 27, 11, 30), _in(BERLIN, 2026, 11, 30, 9, 30)
    assert OFFICE.open_between(friday, monday) == (0.5 + 4.5 + 4 + 0.5) * 3600
    assert OFFICE.open_between(monday, friday) == 0
    assert parse_hours("24/7", BERLIN).open_between(friday, monday) == (monday - friday).total_seconds()
    assert (
        parse_hours("Mon-Sun 22:00-06:00; Mon 05:00-07:00", BERLIN).open_between(
            _in(BERLIN, 2026, 11, 23, 0), _in(BERLIN, 2026, 11, 24, 0)
        )
        == 9 * 3600
    ), "what overlaps counts once"


@given(st.integers(0, 14 * 24 * 3600), st.integers(1, 40 * 3600))
def test_the_moment_after_so_much_time_is_so_much_time_away(offset: int, seconds: int) -> None:
    at = _in("UTC", 2026, 10, 20) + timedelta(seconds=offset)
    until = OFFICE.after(at, seconds)
    assert until is not None
    assert OFFICE.open_between(at, until) == seconds
