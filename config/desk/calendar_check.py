"""What ``switchboard doctor`` says of each calendar: whether it can be read, and who is on call now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from config.desk.assign import calendars_of
from config.desk.calendars import CalendarFeeds
from config.desk.handoff import make_handoff
from config.settings import Settings
from core.clock import SystemClock
from core.confined.runner import ConfinedRunner
from core.domain.calendar import Calendar
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis

_ON_CALL, _HOLIDAYS = "DESK_ON_CALL_URL", "DESK_HOLIDAYS_URL"
_SHOWN = 5


async def check_calendars(settings: Settings) -> Sequence[Diagnosis]:
    """One diagnosis for each. An address is never told: often it is the key as well."""
    try:
        handoff = make_handoff(settings)
    except ConfigError:
        return []  # told of the desk
    clock, calls = SystemClock(), ConfinedRunner(("icalendar", "recurring_ical_events"))
    found = calendars_of(handoff)
    feeds = CalendarFeeds(found, settings.data_dir / "calendars", calls, clock)
    named = {id(team.calendar): f"team {team.name}" for team in handoff.teams} | {id(handoff.calendar): _ON_CALL}

    async def check(calendar: Calendar) -> Diagnosis:
        name, host = named.get(id(calendar), _HOLIDAYS), urlsplit(calendar.address).hostname
        if (wrong := await feeds.look(calendar)) is not None:
            fix = "Let it name an iCal address that this machine can reach, such as https://calendar.example.com/on-call.ics."
            return Diagnosis(name, False, f"the calendar at {host} cannot be used: {wrong}", fix)
        who = ", ".join(calendar.at(clock.now())[:_SHOWN]) or "nobody"
        now = f"; on call now: {who}" if name != _HOLIDAYS else ""
        return Diagnosis(name, True, f"the calendar at {host} is read, with {len(calendar.entries)} entries{now}")

    try:
        return await asyncio.gather(*map(check, found))
    finally:
        await calls.close()
