"""An opening as people say it: "tomorrow at 9:00". Names of days and forms of times are CLDR's, through Babel."""

from __future__ import annotations

import functools
import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handoff.texts import say, spoken

_A_WEEK = 7
_NEARLY_A_YEAR = 300
_SPACES = re.compile("[\u00a0\u202f]")  # a text message with one of these costs twice as much
_REGIONS = {"en": "en_GB"}  # English of no region: 14:00 is read everywhere


def human_opening(
    at: datetime, now: datetime, locale: str | None, *, fallback: str = "en", zone: ZoneInfo | None = None
) -> str:
    """When that is, seen from ``now``: "today at 14:00", "tomorrow at 9:00", "on Monday at 9:00", a date from a week on.

    In the zone of ``at`` (the team's), or in ``zone`` where the customer's is known. It fits after "we are back" in a
    sentence. An unknown language becomes ``fallback``, then English.
    """
    there = at.astimezone(zone or at.tzinfo)
    today = now.astimezone(there.tzinfo).date()
    cldr = _cldr(locale, spoken("opening_today", locale, fallback))
    time = _time(there, cldr)
    lead = say("opening_at_one" if re.match(r"0?1\D", time) else "opening_at", locale, fallback=fallback)
    weekday, written = _day(there.date(), today, cldr)
    days = (there.date() - today).days
    key = "today" if days <= 0 else "tomorrow" if days == 1 else "weekday" if days < _A_WEEK else "date"
    return say(f"opening_{key}", locale, fallback=fallback, weekday=weekday, date=written, at=lead, time=time)


@functools.lru_cache(maxsize=256)
def _cldr(locale: str | None, language: str) -> str:
    """The locale with its region where CLDR knows it: "en-US" says 2:00 PM."""
    from babel import Locale, UnknownLocaleError  # loaded with the first opening that is told, not with the hub

    wanted = (locale or "").replace("-", "_")
    if not wanted.lower().startswith(f"{language}_"):
        return _REGIONS.get(language, language)
    try:
        known = Locale.parse(wanted, resolve_likely_subtags=False)
    except (UnknownLocaleError, ValueError):
        known = None
    return str(known) if known and known.territory else _REGIONS.get(language, language)


def _time(at: datetime, cldr: str) -> str:
    from babel.dates import format_time

    return re.sub(r"^0(?=\d)", "", _SPACES.sub(" ", format_time(at.replace(tzinfo=None), "short", locale=cldr)))


def _day(day: date, today: date, cldr: str) -> tuple[str, str]:
    """The weekday and the date, with its year where it would be in doubt."""
    from babel.dates import format_date, format_skeleton

    far = (day - today).days >= _NEARLY_A_YEAR
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a date, as Babel wants it
    written = format_date(day, "long", locale=cldr) if far else format_skeleton("MMMMd", midnight, locale=cldr)
    return format_date(day, "EEEE", locale=cldr), _SPACES.sub(" ", written)
