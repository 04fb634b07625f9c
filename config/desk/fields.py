"""The setting that names a company's own fields on tickets."""

from __future__ import annotations

import re

from handoff.settings import TicketField

_MOST = 10
"""Slack lets a form carry 3,000 characters along: all names and values, escaped, and what the form carries besides."""
_MOST_CHOICES, _LONGEST_CHOICE = 50, 75
_NAME = re.compile(r"[^\W_][\w .,()/&+-]{0,39}")


class BadFields(ValueError):
    """The setting cannot be understood; the message names the part and says how to write it."""


def parse_fields(text: str) -> tuple[TicketField, ...]:
    """Fields from ``Plan: free, pro; Order number``: names, with choices behind a colon. Raises BadFields."""
    found = tuple(_field(part.strip()) for part in re.split(r"[;\n]", text) if part.strip())
    if len(found) > _MOST:
        raise BadFields(f"There are {len(found)} fields; {_MOST} fit into the form.")
    names = [one.name.casefold() for one in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadFields(f"“{twice[0]}” stands there twice.")
    return found


def _field(part: str) -> TicketField:
    name, colon, listed = part.partition(":")
    choices = tuple(dict.fromkeys(one.strip() for one in listed.split(",") if one.strip()))
    if not _NAME.fullmatch(name.strip()):
        raise BadFields(
            f"“{name.strip()}” is no name of a field: at most 40 letters, digits, spaces and . , ( ) / & + -"
        )
    if colon and not choices:
        raise BadFields(f"“{part}” names no choices. Write them like this: Plan: free, pro")
    if len(choices) > _MOST_CHOICES or any(len(one) > _LONGEST_CHOICE for one in choices):
        raise BadFields(f"“{name}” may have {_MOST_CHOICES} choices of {_LONGEST_CHOICE} characters each.")
    return TicketField(name.strip(), choices)
