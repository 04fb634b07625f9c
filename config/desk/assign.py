"""What settings and the file of teams say of who is given a case, and of calendars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from core.domain.calendar import Calendar
from handoff.hours import DayRule, Hours
from handoff.settings import HandoffSettings
from handoff.teams import Policy

_OFF = "off"
PERSON: Final = re.compile("[UW][A-Z0-9]{2,}")
"""An id on Slack."""


def parse_policies(names: Sequence[str]) -> tuple[Policy, ...]:
    """In the order in which they are tried. Raises ValueError that says what to write."""
    known: dict[str, Policy] = {name: name for name in get_args(Policy)}
    given = [one.lower() for one in names]
    if wrong := [one for one in given if one not in known and one != _OFF]:
        raise ValueError(f"{wrong[0]!r} is none of {_OFF}, {', '.join(known)}.")
    if _OFF in given and len(given) > 1:
        raise ValueError(f"{_OFF} stands alone.")
    return tuple(dict.fromkeys(known[one] for one in given if one != _OFF))


def with_holidays(hours: Hours | None, address: str | None) -> Hours | None:
    """Closed on the whole days of the calendar there. Raises ValueError."""
    if hours is None or not address:
        return hours
    return replace(hours, rules=(*hours.rules, DayRule(calendar_at(address, hours.zone))))


def calendars_of(handoff: HandoffSettings) -> Sequence[Calendar]:
    """All that have to be kept up to date."""
    hours = [handoff.hours, *(team.hours for team in handoff.teams)]
    holidays = [rule.days for one in hours if one is not None for rule in one.rules]
    found = [handoff.calendar, *(team.calendar for team in handoff.teams), *holidays]
    return list(dict.fromkeys(one for one in found if isinstance(one, Calendar)))


def calendar_at(address: str, zone: ZoneInfo) -> Calendar:
    """A calendar that nobody has read yet. Raises ValueError where that is no address of one."""
    plain = address.strip()
    if plain.lower().startswith("webcal:"):
        plain = f"https:{plain.partition(':')[2]}"
    try:
        found = urlsplit(plain)
    except ValueError:
        found = urlsplit("")
    if found.scheme not in ("http", "https") or not found.hostname:
        raise ValueError("the calendar needs an address such as https://calendar.example.com/on-call.ics.")
    return Calendar(plain, zone)
