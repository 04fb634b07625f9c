"""Schedules of sources: cron's lines, on a wall's clock that is set forward and back."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from knowledge.schedule import Schedule, zone_of

BERLIN = ZoneInfo("Europe/Berlin")


def times(line: str, after: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    """The next ones after a time in UTC, as they are read there."""
    schedule = Schedule.parse(line)
    assert schedule is not None
    at, found = datetime.fromisoformat(after).replace(tzinfo=UTC), []
    for _ in range(count):
        at = schedule.next(at, zone)
        found.append(at.astimezone(zone).strftime("%a %d %H:%M%z"))
    return found


def test_a_time_of_the_day_is_one_on_the_wall() -> None:
    assert times("30 3 * * *", "2026-11-21T01:00", 2) == ["Sat 21 03:30+0100", "Sun 22 03:30+0100"]
    assert times("30 3 * * *", "2026-11-21T02:30", 1) == ["Sun 22 03:30+0100"], "after, not at"


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("0", ["Sun", "Sun"]),
        ("7", ["Sun", "Sun"]),
        ("1", ["Mon", "Mon"]),
        ("MON", ["Mon", "Mon"]),
        ("1-5", ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]),
        ("5-1", ["Sun", "Mon", "Fri", "Sat", "Sun"]),
        ("5-7", ["Sun", "Fri", "Sat", "Sun"]),
        ("*/2", ["Sun", "Tue", "Thu", "Sat", "Sun"]),
        ("3/2", ["Wed", "Fri", "Wed"]),
    ],
)
def test_days_of_the_week_are_cron_s(field: str, days: list[str]) -> None:
    """crontab(5): 0 and 7 are Sunday; 2026-11-21 is a Saturday."""
    found = times(f"0 12 * * {field}", "2026-11-21T12:00", len(days))
    assert [one.split()[0] for one in found] == days


def test_a_day_of_the_month_and_one_of_the_week_are_either_of_them() -> None:
    """crontab(5): with both restricted, a line is run when either matches."""
    assert times("0 9 1 * 1", "2026-11-28T12:00", 3) == ["Mon 30 09:00+0100", "Tue 01 09:00+0100", "Mon 07 09:00+0100"]


def test_a_time_that_the_clock_jumps_over_is_made_up_for() -> None:
    assert times("30 2 * * *", "2026-03-28T23:30", 2) == ["Sun 29 03:30+0200", "Mon 30 02:30+0200"]
    assert times("*/30 * * * *", "2026-03-29T00:00", 4) == [
        "Sun 29 01:30+0100",
        "Sun 29 03:00+0200",
        "Sun 29 03:30+0200",
        "Sun 29 04:00+0200",
    ]


def test_of_an_hour_that_comes_twice_a_named_time_is_taken_once_and_every_half_hour_each_time() -> None:
    assert times("30 2 * * *", "2026-10-24T22:30", 2) == ["Sun 25 02:30+0200", "Mon 26 02:30+0100"]
    assert times("30 2 * * *", "2026-10-25T01:10", 1) == ["Mon 26 02:30+0100"], "asked within the second one"
    assert times("*/30 * * * *", "2026-10-24T23:40", 6) == [
        "Sun 25 02:00+0200",
        "Sun 25 02:30+0200",
        "Sun 25 02:00+0100",
        "Sun 25 02:30+0100",
        "Sun 25 03:00+0100",
        "Sun 25 03:30+0100",
    ]


@pytest.mark.parametrize(
    "zone", ["Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]
)
@pytest.mark.parametrize("line", ["*/20 * * * *", "15 1-3 * * *", "0 0 * * *", "@weekly"])
def test_it_never_stands_still(zone: str, line: str) -> None:
    schedule, at = Schedule.parse(line), datetime(2026, 3, 1, tzinfo=UTC)
    assert schedule is not None
    found = [at]
    for _ in range(400):
        found.append(schedule.next(found[-1], ZoneInfo(zone)))
    assert all(one < two for one, two in pairwise(found))


def test_no_schedule_is_said_so() -> None:
    assert Schedule.parse("none") is None
    assert Schedule.parse(" None ") is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "daily",
        "* * * *",
        "61 * * * *",
        "* 24 * * *",
        "0 0 31 2 *",
        "0 0 last * *",
        "30 2 last-sun * *",
        "0 3 * * 8",
        "0 3 * * x",
        "*/0 * * * *",
        "0 3 * * */0",
    ],
)
def test_what_is_none_is_refused_with_what_to_write(line: str) -> None:
    with pytest.raises(ValueError, match="is no schedule"):
        Schedule.parse(line)


@pytest.mark.parametrize("name", ["Berlin", "", "../etc/passwd", "Europe"])
def test_a_time_zone_that_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        zone_of(name)
