"""The setting's syntax for hours, small enough to be read aloud (see the README beside this file)."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handoff.hours.schedule import DAY, DayRule, Days, Hours, Span

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIMES = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?-(\d{1,2})(?:[:.](\d{2}))?")
_DATE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
_YEARS = range(2000, 2200)
_ANY_LEAP_YEAR = 2000
_ALWAYS = "24/7"
_EXAMPLE = "Mon-Fri 09:00-17:30; Sat 10:00-14:00; closed 12-25"


class BadHours(ValueError):
    """The setting cannot be understood; the message names the part and says how to write it."""


def parse_hours(text: str, zone: str) -> Hours:
    """Hours from ``Mon-Fri 09:00-17:30; Sat 10:00-14:00; closed 12-25``, in a zone such as ``Europe/Berlin``.

    Raises BadHours.
    """
    weekly: list[set[Span]] = [set() for _ in _WEEK]
    rules: list[DayRule] = []
    parts = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if not parts:
        raise BadHours(f"No hours are given. Write them like this: {_EXAMPLE}")
    for part in parts:
        tokens = _tokens(part)
        if tokens[0] == "closed":
            rules += _closed(part, tokens[1:])
        elif tokens[0] == "open":
            rules += _opened(part, tokens[1:])
        else:
            for day, spans in _week(part, tokens):
                weekly[day] |= spans
    return Hours(_zone(zone), tuple(tuple(sorted(spans)) for spans in weekly), tuple(rules))


def _tokens(part: str) -> list[str]:
    """Words in lower case; dashes of any kind, with or without space around them, join a range."""
    joined = re.sub(r"\s*[-\u2010-\u2015]\s*", "-", part.lower())
    return re.sub(r"\s*\.\.\s*", "..", joined).replace(",", " ").split() or [""]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadHours(f"There is no time zone “{name}”. Write it like this: Europe/Berlin") from None


def _week(part: str, tokens: list[str]) -> list[tuple[int, set[Span]]]:
    if tokens == [_ALWAYS]:
        return [(day, {Span(0, DAY)}) for day in range(7)]
    days = [day for token in tokens if not _is_times(token) for day in _weekdays(part, token)]
    spans = {_span(part, token) for token in tokens if _is_times(token)}
    if not days or not spans or _is_times(tokens[0]):
        raise BadHours(f"“{part}” needs days and then times. Write it like this: Mon-Fri 09:00-17:30")
    return [(day, spans) for day in days]


def _weekdays(part: str, token: str) -> list[int]:
    first, *rest = [_weekday(part, name) for name in token.split("-", 1)]
    last = rest[0] if rest else first
    return [(first + number) % 7 for number in range((last - first) % 7 + 1)]


def _weekday(part: str, name: str) -> int:
    found = [day for day, full in enumerate(_WEEK) if len(name) >= 2 and full.startswith(name.rstrip("."))]
    if not found:
        raise BadHours(f"“{part}”: “{name}” is no day of the week. They are Mon, Tue, Wed, Thu, Fri, Sat and Sun.")
    return found[0]


def _is_times(token: str) -> bool:
    return _TIMES.fullmatch(token) is not None


def _span(part: str, token: str) -> Span:
    match = _TIMES.fullmatch(token)
    assert match is not None
    start, end = _minutes(part, match[1], match[2]), _minutes(part, match[3], match[4])
    if start in (end, DAY):
        raise BadHours(f"“{part}”: “{token}” has no length. A whole day is 00:00-24:00.")
    return Span(start, end if end > start else end + DAY)


def _minutes(part: str, hour: str, minute: str | None) -> int:
    minutes = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or minutes > DAY:
        raise BadHours(f"“{part}”: {hour}:{minute or '00'} is no time of day. Times go from 00:00 to 24:00.")
    return minutes


def _closed(part: str, tokens: list[str]) -> list[DayRule]:
    if not tokens:
        raise BadHours(f"“{part}” needs dates. Write it like this: closed 12-25, 2026-12-31..2027-01-02")
    if any(_is_times(token) and not _DATE.fullmatch(token) for token in tokens):
        raise BadHours(f"“{part}”: a day is closed as a whole. For shorter hours write: open 2026-12-24 09:00-12:00")
    return [DayRule(_days(part, token)) for token in tokens]


def _opened(part: str, tokens: list[str]) -> list[DayRule]:
    spans = tuple(sorted({_span(part, token) for token in tokens if _is_times(token) and not _DATE.fullmatch(token)}))
    days = [_days(part, token) for token in tokens if _DATE.fullmatch(token) or not _is_times(token)]
    if not days or not spans:
        raise BadHours(f"“{part}” needs dates and times. Write it like this: open 2026-12-24 09:00-12:00")
    return [DayRule(each, spans) for each in days]


def _days(part: str, token: str) -> Days:
    first, *rest = [_date(part, written) for written in token.split("..", 1)]
    last = rest[0] if rest else first
    if first[1] != last[1]:
        raise BadHours(f"“{part}”: “{token}” mixes a date of one year with one of every year.")
    if not first[1] and last[0] < first[0]:
        raise BadHours(f"“{part}”: “{token}” ends before it begins.")
    return Days(first[0], last[0], yearly=first[1])


def _date(part: str, written: str) -> tuple[date, bool]:
    """The day, and whether it is one of every year."""
    match = _DATE.fullmatch(written)
    year = int(match[1] or _ANY_LEAP_YEAR) if match else 0
    try:
        if match and year in _YEARS:
            return date(year, int(match[2]), int(match[3])), match[1] is None
    except ValueError:
        pass  # a day that no calendar has, told below
    wanted = "2026-12-25 for one year (2000 to 2199), or 12-25 for every year"
    raise BadHours(f"“{part}”: “{written}” is no date. Write it like this: {wanted}")
