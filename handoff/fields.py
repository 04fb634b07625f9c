"""Fields that a company adds to its tickets. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST_VALUE = 90


@dataclass(frozen=True, slots=True)
class TicketField:
    """``choices``: the values that staff choose from; without any, staff write a text."""

    name: str
    choices: tuple[str, ...] = ()


def given_values(fields: Sequence[TicketField], given: Mapping[str, str]) -> dict[str, str]:
    """Of the values by name those that the fields take, in one line. An empty value takes away what was there."""
    found = {}
    for one in (field for field in fields if field.name in given):
        value = " ".join("".join(sign for sign in given[one.name] if sign.isprintable() or sign.isspace()).split())
        if not value or not one.choices or value in one.choices:
            found[one.name] = value[:LONGEST_VALUE]
    return found
