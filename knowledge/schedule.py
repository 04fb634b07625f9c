"""When a source is read again: a line as in crontab(5), on the clock that hangs on a wall somewhere.

The arithmetic is APScheduler's, on times without a zone. Its own way with zones stands still in the hour that comes twice
(3.11.3; https://github.com/agronholm/apscheduler/issues/1021), and its days of the week begin with Monday as 0 where cron's begin
with Sunday (https://github.com/agronholm/apscheduler/issues/286); both are put right here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

NEVER = "none"
"""What is written for no schedule at all."""
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HINT = "write five fields as in a crontab, such as 30 3 * * * (minute, hour, day, month, day of the week), or none"
_REPEATED = timedelta(hours=3)
"""No clock is set back by more."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``lines``: what has to match, one of them; ``hourly``: whether it goes by the hours that pass, not by one on the clock."""

    text: str
    triggers: Sequence[CronTrigger]
    hourly: bool

    @classmethod
    def parse(cls, text: str) -> Schedule | None:
        """None for ``none``. Raises ValueError that says what to write."""
        line = " ".join(text.split())
        if line.lower() == NEVER:
            return None
        fields = _NAMED.get(line.lower(), line).split()
        if len(fields) != 5:
            raise ValueError(f"{text!r} is no schedule: {_HINT}")
        minute, hour, day, month, weekday = fields
        try:
            days = _weekdays(weekday)
            either = (
                [(day, "*"), ("*", days)] if not (day.startswith("*") or weekday.startswith("*")) else [(day, days)]
            )
            triggers = [_trigger(minute, hour, one, month, two) for one, two in either]
        except ValueError as error:
            raise ValueError(f"{text!r} is no schedule ({error}): {_HINT}") from error
        schedule = cls(line, triggers, hour.startswith("*"))
        if schedule._match(datetime(2026, 1, 1)) is None:  # noqa: DTZ001 - a time on a wall has no zone
            raise ValueError(f"{text!r} is no schedule: there is no such day")
        return schedule

    def next(self, after: datetime, zone: tzinfo) -> datetime:
        """The first time after that one, in UTC.

        A time that the clock jumps over is made up for as much later as it jumped. Of an hour that comes twice, a time that names
        its hour is taken once, as cron(8) does it (Debian's).
        """
        wall = after.astimezone(zone).replace(tzinfo=None) - _REPEATED
        second: list[datetime] = []
        while True:
            match = self._match(wall)
            assert match is not None
            found = match.replace(tzinfo=zone, fold=0).astimezone(UTC)
            again = match.replace(tzinfo=zone, fold=1).astimezone(UTC)
            if self.hourly and again > after and _comes_twice(match, zone):
                second.append(again)
            if found > after:
                return min([found, *second])
            wall = match + timedelta(minutes=1)

    def _match(self, wall: datetime) -> datetime | None:
        """The first at or after that one, by the calendar alone."""
        given = wall.replace(tzinfo=UTC)
        found = [trigger.get_next_fire_time(None, given) for trigger in self.triggers]
        return min((one.replace(tzinfo=None) for one in found if one is not None), default=None)


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError that says what to write."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; write one such as Europe/Berlin") from error


def _comes_twice(wall: datetime, zone: tzinfo) -> bool:
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return first.utcoffset() != second.utcoffset() and second.astimezone(UTC) > first.astimezone(UTC)


_NUMBERED = frozenset("0123456789*/,-")


def _trigger(minute: str, hour: str, day: str, month: str, weekday: str) -> CronTrigger:
    if not set(day) <= _NUMBERED:  # APScheduler takes "last" and "2nd mon" there, which cron does not have
        raise ValueError(f"{day!r} is no day of the month")
    return CronTrigger(minute=minute, hour=hour, day=day, month=month.lower(), day_of_week=weekday, timezone=UTC)


def _weekdays(field: str) -> str:
    """By name, since the numbers differ."""
    if field == "*":
        return field
    found: set[int] = set()
    for part in field.lower().split(","):
        days, _, step = part.partition("/")
        first, dash, last = days.partition("-")
        begin, end = (0, 6) if days == "*" else (_day(first), _day(last) if dash else _day(first))
        if step and not dash and days != "*":
            end = 6
        if end < begin:
            end += 7
        found.update(number % 7 for number in range(begin, end + 1, _step(step)))
    return ",".join(_DAYS[number] for number in sorted(found))


def _day(text: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if text.isascii() and text.isdigit() and int(text) <= 7:
        return int(text)
    raise ValueError(f"{text!r} is no day of the week")


def _step(text: str) -> int:
    if not text:
        return 1
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise ValueError(f"{text!r} is no step")
