"""The syntax of hours: what may be written, and what is said about the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.hours import BadHours, Span, parse_hours


def _week(text: str) -> tuple[tuple[Span, ...], ...]:
    return parse_hours(text, "UTC").weekly


DAY_SHIFT = Span(9 * 60, 17 * 60 + 30)


@pytest.mark.parametrize(
    "text",
    ["Mon-Fri 09:00-17:30", "mon - fri 9:00–17:30", "Monday-Friday 9.00-17.30", "Mo-Fr 9-17:30",
     "Mon, Tue, Wed, Thu, Fri 9-17:30", "Mon-Wed 9-17:30\nThu-Fri 9-17:30", " Mon-Fri  09:00 - 17:30 ; "],
)  # fmt: skip
def test_many_ways_to_write_the_same(text: str) -> None:
    assert _week(text) == ((DAY_SHIFT,),) * 5 + ((), ())


def test_more_than_one_span_and_days_over_the_end_of_the_week() -> None:
    assert _week("Sun-Mon 13:00-14:00, 09:00-12:00")[0] == (Span(540, 720), Span(780, 840))
    assert [bool(day) for day in _week("Sat-Tue 9-10")] == [True, True, False, False, False, True, True]
    assert _week("Fri 22:00-02:00")[4] == (Span(22 * 60, 26 * 60),)
    assert _week("24/7") == _week("Mon-Sun 00:00-24:00") == ((Span(0, 1440),),) * 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "No hours are given"),
        (" ; ", "No hours are given"),
        ("Mon", "days and then times"),
        ("09:00-17:00", "days and then times"),
        ("09:00-17:00 Mon", "days and then times"),
        ("Moon 9-12", "“moon” is no day of the week"),
        ("M 9-12", "“m” is no day of the week"),
        ("Mon 9-25", "25:00 is no time of day"),
        ("Mon 9:70-10", "9:70 is no time of day"),
        ("Mon 9:00-9:00", "has no length"),
        ("Mon 24:00-02:00", "has no length"),
        ("closed", "needs dates"),
        ("closed 25-12", "“25-12” is no date"),
        ("closed 2026-02-30", "“2026-02-30” is no date"),
        ("closed 1999-01-01", "2000 to 2199"),
        ("closed 2026-12-24 09:00-12:00", "closed as a whole"),
        ("closed 2026-12-25..12-26", "mixes"),
        ("closed 2026-12-26..2026-12-25", "ends before it begins"),
        ("open 2026-12-24", "needs dates and times"),
        ("open 09:00-12:00", "needs dates and times"),
        ("open tomorrow 09:00-12:00", "“tomorrow” is no date"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(BadHours) as refused:
        parse_hours(f"Sun 9-12; {text}" if text.strip(" ;") else text, "UTC")
    assert said in str(refused.value)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe", "/etc/localtime", "\0"])
def test_an_unknown_zone_is_told(zone: str) -> None:
    with pytest.raises(BadHours, match="no time zone"):
        parse_hours("24/7", zone)


@given(st.text(alphabet="MonTueSat closedopen 0123456789:-.,;/–", max_size=60))
def test_any_text_is_hours_or_a_sentence(text: str) -> None:
    said = ""
    try:
        parse_hours(text, "UTC").next_opening(datetime(2026, 11, 21, tzinfo=UTC))
    except BadHours as refused:
        said = str(refused)
    assert said == "" or "Write" in said or "“" in said
