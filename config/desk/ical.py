"""Reads a calendar (RFC 5545) in a confined process: its writer may be anybody, and a rule in it may have no end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.calendar import Entry

READ = "config.desk.ical:read"
_MOST, _MOST_WORDS, _LONGEST = 2_000, 10, 300
_NO_PERSON = ("ROOM", "RESOURCE")
"""What takes part in an event without being anybody (RFC 5545, 3.2.3)."""


def build_request(body: bytes, start: datetime, stop: datetime, zone: ZoneInfo) -> bytes:
    """The payload for ``read``. ``zone``: of times that name none."""
    return json.dumps([start.isoformat(), stop.isoformat(), zone.key]).encode() + b"\n" + body


def read(payload: bytes) -> bytes:
    """What happens between two moments, as ``entries`` takes it. Raises ValueError for what is no calendar."""
    import recurring_ical_events
    from icalendar import Calendar

    head, _, body = payload.partition(b"\n")
    first, last, zone = json.loads(head)
    start, stop = datetime.fromisoformat(first), datetime.fromisoformat(last)
    events = recurring_ical_events.of(Calendar.from_ical(body), skip_bad_series=True)
    found = [one for one in events.between(start, stop) if str(one.get("STATUS", "")).upper() != "CANCELLED"]
    dated = []
    for one in found:
        with contextlib.suppress(ValueError, OverflowError):  # its end is no moment, or before its beginning
            dated.append(_dated(one, ZoneInfo(zone)))
    return json.dumps(sorted(dated, key=lambda one: one[0])[:_MOST]).encode()


def entries(answer: bytes) -> tuple[Entry, ...]:
    """What ``read`` answered."""
    return tuple(Entry(_moment(start), _moment(end), tuple(words)) for start, end, words in json.loads(answer))


def _dated(event: Any, zone: ZoneInfo) -> tuple[str, str, Sequence[str]]:
    start, end = (_written(one, zone) for one in (event.start, event.end))
    return start, end, [word[:_LONGEST] for word in islice(_words(event), _MOST_WORDS)]


def _written(at: date, zone: ZoneInfo) -> str:
    """Moments in UTC; a time without a zone is one of ``zone``."""
    if not isinstance(at, datetime):
        return at.isoformat()
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC).isoformat()


def _moment(written: str) -> date:
    return datetime.fromisoformat(written) if "T" in written else date.fromisoformat(written)


def _words(event: Any) -> Iterator[str]:
    """Who takes part, then what it is called, then who planned it where nobody is invited."""
    invited = event.get("ATTENDEE") or []
    for one in invited if isinstance(invited, list) else [invited]:
        given = getattr(one, "params", {})
        if given.get("PARTSTAT", "") != "DECLINED" and given.get("CUTYPE", "") not in _NO_PERSON:
            yield str(one)
    yield from (str(event[name]) for name in ("SUMMARY", *(() if invited else ("ORGANIZER",))) if event.get(name))
