"""Calendars as other programs write them: who is on call, and which days are holidays; over the change of clocks as well."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from config.desk import ical
from core.domain.calendar import Calendar
from handoff.hours import DayRule, parse_hours

BERLIN = ZoneInfo("Europe/Berlin")
ON_CALL = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//PagerDuty//Schedule//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:19810329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:ann@example.com
DTSTAMP:20260901T000000Z
DTSTART;TZID=Europe/Berlin:20261012T090000
DTEND;TZID=Europe/Berlin:20261019T090000
RRULE:FREQ=WEEKLY;INTERVAL=2
ATTENDEE;CN=Ann;PARTSTAT=ACCEPTED:mailto:ann@example.com
ATTENDEE;PARTSTAT=DECLINED:mailto:zoe@example.com
ATTENDEE;CUTYPE=ROOM:mailto:room@example.com
SUMMARY:On call
ORGANIZER:mailto:boss@example.com
END:VEVENT
BEGIN:VEVENT
UID:bob
DTSTAMP:20260901T000000Z
DTSTART;TZID=Europe/Berlin:20261019T090000
DTEND;TZID=Europe/Berlin:20261026T090000
RRULE:FREQ=WEEKLY;INTERVAL=2
EXDATE;TZID=Europe/Berlin:20261102T090000
SUMMARY:bob@example.com is on call
END:VEVENT
BEGIN:VEVENT
UID:bob
RECURRENCE-ID;TZID=Europe/Berlin:20261116T090000
DTSTAMP:20260901T000000Z
DTSTART;TZID=Europe/Berlin:20261116T090000
DTEND;TZID=Europe/Berlin:20261123T090000
SUMMARY:cleo@example.com for Bob
END:VEVENT
BEGIN:VEVENT
UID:cancelled
DTSTAMP:20260901T000000Z
DTSTART:20261014T090000Z
DTEND:20261014T100000Z
STATUS:CANCELLED
SUMMARY:nobody@example.com
END:VEVENT
END:VCALENDAR
"""
HOLIDAYS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Google Inc//Google Calendar 70.9054//EN
BEGIN:VEVENT
UID:xmas
DTSTAMP:20200101T000000Z
DTSTART;VALUE=DATE:20201225
DTEND;VALUE=DATE:20201227
RRULE:FREQ=YEARLY
SUMMARY:Weihnachten
END:VEVENT
BEGIN:VEVENT
UID:party
DTSTAMP:20200101T000000Z
DTSTART:20261217T160000
DTEND:20261217T220000
SUMMARY:Party
END:VEVENT
END:VCALENDAR
"""


def calendar(text: str, start: datetime = datetime(2026, 10, 1, tzinfo=UTC)) -> Calendar:
    """As it is read in a confined process."""
    body = text.replace("\n", "\r\n").encode()
    answer = ical.read(ical.build_request(body, start, start.replace(year=start.year + 1), BERLIN))
    return Calendar("https://example.com/a.ics", BERLIN, ical.entries(answer))


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (
            datetime(2026, 10, 19, 6, 59, 59, tzinfo=UTC),
            ["mailto:ann@example.com", "On call"],
        ),
        (datetime(2026, 10, 19, 7, 0, tzinfo=UTC), ["bob@example.com is on call"]),
        (datetime(2026, 10, 26, 7, 59, 59, tzinfo=UTC), ["bob@example.com is on call"]),
        (datetime(2026, 10, 26, 8, 0, tzinfo=UTC), ["mailto:ann@example.com", "On call"]),
        (datetime(2026, 11, 5, tzinfo=UTC), []),
        (datetime(2026, 11, 17, tzinfo=UTC), ["cleo@example.com for Bob"]),
    ],
)
def test_who_is_on_call_goes_by_the_wall_clock(moment: datetime, words: list[str]) -> None:
    """The clocks go back on 25 October: the hand-over is at 7:00 in UTC before, and at 8:00 after."""
    assert calendar(ON_CALL).at(moment) == words


def test_whoever_planned_it_is_on_call_where_nobody_is_invited() -> None:
    """Google names the calendar's owner as the organizer of an event without guests."""
    alone = ON_CALL.replace("SUMMARY:bob@example.com is on call", "SUMMARY:On call\nORGANIZER:mailto:bob@example.com")
    assert calendar(alone).at(datetime(2026, 10, 20, tzinfo=UTC)) == ["On call", "mailto:bob@example.com"]
    declined = ON_CALL.replace("PARTSTAT=ACCEPTED", "PARTSTAT=DECLINED")
    assert calendar(declined).at(datetime(2026, 10, 15, tzinfo=UTC)) == ["On call"], (
        "who invites others does not stand in"
    )


def test_a_holiday_of_every_year_closes_its_whole_days() -> None:
    found = calendar(HOLIDAYS)
    assert [day for day in range(20, 32) if date(2026, 12, day) in found] == [25, 26]
    assert date(2026, 12, 17) not in found, "an event of some hours closes nothing"
    hours = parse_hours("Mon-Fri 09:00-17:00; open 2026-12-25 10:00-12:00", "Europe/Berlin")
    with_holidays = type(hours)(hours.zone, hours.weekly, (*hours.rules, DayRule(found)))
    assert with_holidays.is_open(datetime(2026, 12, 24, 12, tzinfo=BERLIN))
    assert with_holidays.is_open(datetime(2026, 12, 25, 11, tzinfo=BERLIN)), "an opening in the settings counts"
    assert not with_holidays.is_open(datetime(2026, 12, 25, 13, tzinfo=BERLIN))
    assert with_holidays.next_opening(datetime(2026, 12, 25, 12, 30, tzinfo=BERLIN)) == datetime(
        2026, 12, 28, 9, tzinfo=BERLIN
    )


def test_a_time_without_a_zone_is_the_staffs() -> None:
    found = calendar(HOLIDAYS)
    assert found.at(datetime(2026, 12, 17, 15, 0, tzinfo=UTC)) == ["Party"]
    assert found.at(datetime(2026, 12, 17, 14, 59, tzinfo=UTC)) == []
    assert found.at(datetime(2026, 12, 24, 23, 0, tzinfo=UTC)) == ["Weihnachten"], "midnight in Berlin"


@pytest.mark.parametrize("text", ["", "<html>Sign in</html>", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "\x00\xff" * 50])
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        calendar(text)


def test_an_event_without_an_end_or_with_a_broken_date_leaves_the_others() -> None:
    broken = (
        "BEGIN:VEVENT\nUID:b\nDTSTART:20261399T250000Z\nSUMMARY:Broken\nEND:VEVENT\n"
        "BEGIN:VEVENT\nUID:d\nDTSTART:20261111T100000Z\nDTEND;VALUE=DATE:20261112\nSUMMARY:Mixed\nEND:VEVENT\n"
        "BEGIN:VEVENT\nUID:c\nDTSTART;VALUE=DATE:20261111\nSUMMARY:One day\nEND:VEVENT\n"
    )
    found = calendar(HOLIDAYS.replace("BEGIN:VEVENT\nUID:party", f"{broken}BEGIN:VEVENT\nUID:party"))
    assert date(2026, 12, 25) in found
    assert [day for day in range(10, 14) if date(2026, 11, day) in found] == [11]
