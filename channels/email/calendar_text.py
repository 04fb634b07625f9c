"""An invitation in words (RFC 5545), so that what is asked can be read without opening the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(r"^(?P<name>[A-Za-z-]+)(?P<params>(?:;[^:\"\n]*(?:\"[^\"]*\"[^:\"\n]*)*)?):(?P<value>.*)$")
_DATE = re.compile(r"^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?$")
_ZONE = re.compile(r"TZID=\"?([^\";:]+)")
_ESCAPE = re.compile(r"\\([\\,;nN])")
_LABELS: Final = {
    "SUMMARY": "Event",
    "DTSTART": "Start",
    "DTEND": "End",
    "LOCATION": "Place",
    "ORGANIZER": "From",
    "DESCRIPTION": "Note",
}
"""What is shown of an event, in this order."""
_MOST: Final = 5
_LONGEST: Final = 2_000


def summary(text: str) -> str:
    """The first events of a calendar file, one line per fact; empty where there is none."""
    return "\n\n".join("\n".join(lines) for lines in islice(_events(text), _MOST))


def _events(text: str) -> Iterator[list[str]]:
    facts: dict[str, str] | None = None
    nested = 0
    for line in _FOLD.sub("", text).split("\n"):
        match = _LINE.match(line.rstrip())
        if match is None:
            continue
        name, value = match["name"].upper(), match["value"].strip()
        if name == "BEGIN" and value.upper() == "VEVENT":
            facts, nested = {}, 0
        elif name == "BEGIN":
            nested += 1
        elif name == "END" and value.upper() == "VEVENT" and facts is not None:
            yield [f"{label}: {facts[name]}" for name, label in _LABELS.items() if facts.get(name)]
            facts = None
        elif name == "END":
            nested = max(0, nested - 1)
        elif facts is not None and not nested and name in _LABELS:
            shown = _moment(value, match["params"]) if name.startswith("DT") else _plain(value)
            facts[name] = shown[:_LONGEST] or facts.get(name, "")


def _moment(value: str, params: str) -> str:
    match = _DATE.match(value)
    if match is None:
        return _plain(value)
    year, month, day, hour, minute, utc = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    zone = _ZONE.search(params)
    return f"{year}-{month}-{day} {hour}:{minute}" + (" UTC" if utc else f" {zone[1]}" if zone else "")


def _plain(value: str) -> str:
    text = _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return re.sub(r"(?i)^mailto:", "", text).strip()
