"""A team's hours. Times are those of the wall clock in the team's zone; instants come out, right over clock changes.

A clock time that happens twice opens at the first and closes at the second; one that is skipped means the moment after
the gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.calendar import Calendar

DAY = 24 * 60
_LEAP_CYCLE = 8 * 366 + 7  # days: from 29 February to 29 February over a century without one
_ONE_DAY = timedelta(days=1)
_LONG = 10  # days


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes from the midnight with which the day begins; ``end`` past 1440 is on the next day. At most 24 hours."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY and self.start < self.end <= self.start + DAY):
            raise ValueError(f"No span of a day: {self.start} to {self.end} minutes.")


@dataclass(frozen=True, slots=True)
class Days:
    """Days from ``first`` to ``last``, both of them in it. ``yearly``: of every year, whatever year the two name.

    A yearly range may reach over the new year. 29 February is a day of leap years only.
    """

    first: date
    last: date
    yearly: bool = False

    def __contains__(self, day: date) -> bool:
        if not self.yearly:
            return self.first <= day <= self.last
        first, last, now = ((each.month, each.day) for each in (self.first, self.last, day))
        return first <= now <= last if first <= last else now >= first or now <= last


@dataclass(frozen=True, slots=True)
class DayRule:
    """What holds on some days instead of the week's hours; no spans: closed."""

    days: Days | Calendar
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """``weekly``: the spans of Monday to Sunday. A day's hours are those that begin on it.

    So a night shift that began before a holiday goes on to its end. An opening beats a closing of the same day.
    """

    zone: ZoneInfo
    weekly: tuple[tuple[Span, ...], ...]
    rules: tuple[DayRule, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("A week has seven days.")

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is there. ``at`` needs a time zone, any."""
        instant = _instant(at)
        return any(start <= instant < end for start, end in self._from(instant, days=3))

    def next_opening(self, at: datetime) -> datetime | None:
        """The first moment from ``at`` on when somebody is there, in the team's zone: ``at`` itself during the hours.

        None when that never comes. Compare it by ``<`` or in UTC: Python calls a clock time that comes twice unequal
        to the same moment in another zone.
        """
        instant = _instant(at)
        for start, end in self._from(instant, days=self._horizon(instant)):
            if end > instant:
                return max(start, instant).astimezone(self.zone)
        return None

    def closing(self, at: datetime) -> datetime | None:
        """The end of the opening in which ``at`` lies, in the team's zone; None when it is none, or lasts over a week."""
        instant = end = _instant(at)
        for start, last in self._from(instant, days=_LONG):
            if start > end:
                break
            end = max(end, last)
        ends = instant < end < instant + (_LONG - 3) * _ONE_DAY
        return end.astimezone(self.zone) if ends else None

    def after(self, at: datetime, seconds: float) -> datetime | None:
        """The moment at which somebody will have been there for so long since ``at``; None when that never comes."""
        cursor, left = _instant(at), seconds
        for start, end in self._from(cursor, days=self._horizon(cursor)):
            begin = max(start, cursor)
            if end <= begin:
                continue
            there = (end - begin).total_seconds()
            if left <= there:
                return begin + timedelta(seconds=left)
            cursor, left = end, left - there
        return None

    def open_between(self, at: datetime, until: datetime) -> float:
        """For how many seconds somebody is there from ``at`` to ``until``."""
        cursor, last = _instant(at), _instant(until)
        seconds = 0.0
        for start, end in self._from(cursor, days=max(0, (last - cursor).days) + 3):
            begin, stop = max(start, cursor), min(end, last)
            if begin < stop:
                seconds += (stop - begin).total_seconds()
                cursor = stop
        return seconds

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on that day."""
        rules = [rule for rule in self.rules if day in rule.days]
        spans = {span for rule in rules for span in rule.spans} if rules else self.weekly[day.weekday()]
        return tuple(sorted(spans))

    def _from(self, instant: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Openings as instants, by day; from two days back, as a shift ends the day after and zones skip a day."""
        first = instant.astimezone(self.zone).date() - 2 * _ONE_DAY
        for number in range(days + 2):
            day = first + number * _ONE_DAY
            for span in self.spans_on(day):
                start, end = self._moment(day, span.start, last=False), self._moment(day, span.end, last=True)
                if start < end:
                    yield start, end

    def _moment(self, day: date, minutes: int, *, last: bool) -> datetime:
        days, rest = divmod(minutes, DAY)
        wall = datetime.combine(day + days * _ONE_DAY, time(rest // 60, rest % 60), self.zone)
        early, late = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if early <= late:
            return late if last else early
        return _change(late, early, self.zone)

    def _horizon(self, instant: datetime) -> int:
        """Days to look ahead: past every dated rule, and over all leap days."""
        dated = [one.last for one in (rule.days for rule in self.rules) if isinstance(one, Days) and not one.yearly]
        beyond = max((last - instant.date() for last in dated), default=timedelta())
        return max(0, beyond.days) + _LEAP_CYCLE


def _instant(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("A moment needs a time zone.")
    return at.astimezone(UTC)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between two at which the zone's clock jumps: zones say what the offset is, not when it changes."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
