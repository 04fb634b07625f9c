"""A calendar of the company's: who is on call, or on which days nobody is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Entry:
    """From ``start`` until before ``end``: moments, or dates for whole days. ``words``: who or what it is, each on its own."""

    start: date
    end: date
    words: tuple[str, ...] = ()


class Calendar:
    """What is at an address. ``entries``: as they were read last, by whoever keeps them up to date (config.desk.calendars)."""

    def __init__(self, address: str, zone: ZoneInfo, entries: Sequence[Entry] = ()) -> None:
        self.address = address
        self.zone = zone
        self.entries = entries

    def at(self, moment: datetime) -> list[str]:
        """The words of the entries of that moment; of the shortest entry first, as it stands in for a longer one."""
        day = moment.astimezone(self.zone).date()
        found = [one for one in self.entries if _covers(one, moment if isinstance(one.start, datetime) else day)]
        return [word for one in sorted(found, key=lambda one: one.end - one.start) for word in one.words]

    def __contains__(self, day: date) -> bool:
        return any(not isinstance(one.start, datetime) and _covers(one, day) for one in self.entries)


def _covers(entry: Entry, at: date) -> bool:
    return entry.start <= at < entry.end
