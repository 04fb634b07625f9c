"""Once a week by the wall clock of the staff: "Mon 09:00" stays nine o'clock when the clocks change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

NEVER: Final = "never"
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WRITTEN = re.compile(r"([a-z]{2,9})\.?\s+(\d{1,2})[:.](\d{2})", re.IGNORECASE)


class BadWeekly(ValueError):
    """It is no day and time; the message says how to write it."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """``day``: 0 is Monday. A time that the clock skips on that day means the moment after the gap; of two, the first."""

    day: int
    at: time
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """The next one, in UTC; never ``moment`` itself."""
        today = moment.astimezone(self.zone).date()
        first = today + timedelta(days=(self.day - today.weekday()) % 7)
        due = (datetime.combine(first + timedelta(weeks=week), self.at, self.zone).astimezone(UTC) for week in (0, 1))
        return next(one for one in due if one > moment)

    def __str__(self) -> str:
        return f"{self.day} {self.at:%H:%M} {self.zone.key}"


def parse_weekly(text: str, zone: ZoneInfo) -> Weekly | None:
    """From ``Mon 09:00``; None for ``never``. Raises BadWeekly."""
    if text.strip().lower() == NEVER:
        return None
    found = _WRITTEN.fullmatch(text.strip())
    days = [day for day, name in enumerate(_WEEK) if found and name.startswith(found[1].lower())]
    if found is None or not days or int(found[2]) > 23 or int(found[3]) > 59:
        raise BadWeekly(f"“{text}” is no day and time. Write it like this: Mon 09:00, or never.")
    return Weekly(days[0], time(int(found[2]), int(found[3])), zone)
