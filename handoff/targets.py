"""How soon staff should answer, as the setting DESK_TARGETS says it for customers, teams and channels. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.customer import Customer
from handoff.policy import is_vip

VIP = "vip"
_LONGEST = 1_000
_BEGINS = re.compile(r"(?:^|\s)(?=(?:first|next)\s+\d)")
_GOAL = re.compile(r"(first|next)\s+(\d{1,5})\s*(min|h)?")
_EXAMPLE = "vip first 5 min, next 30 min; email first 4 h; first 30 min, next 2 h"


class BadTargets(ValueError):
    """The setting cannot be understood; the message names the part and says how to write it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Seconds within the hours until staff should have answered a case for the first time, and each time the customer
    writes after that; 0: there is no target. ``name``: a channel, a team, ``vip`` or a pattern of customers' ids; empty: all
    others. ``customers``: the patterns that verified customers fit.
    """

    name: str = ""
    first: float = 0.0
    following: float = 0.0
    customers: tuple[str, ...] = ()


def parse_targets(text: str, vip: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Targets from ``vip first 5 min, next 30 min; first 30 min, next 2 h``. Without a unit, minutes. Raises BadTargets."""
    if len(text) > _LONGEST:
        raise BadTargets(f"It is longer than {_LONGEST} characters.")
    return tuple(_target(part.strip(), vip) for part in re.split(r"[;\n]", text) if part.strip())


def target_for(targets: Sequence[Target], customer: Customer, place: str, team: str | None) -> Target:
    """The first that a case fits."""
    fits = (one for one in targets if one.name in ("", place, team) or is_vip(customer, one.customers))
    return next(fits, Target())


def _target(part: str, vip: tuple[str, ...]) -> Target:
    begins = _BEGINS.search(part)
    name, goals = (part[: begins.start()].strip(), part[begins.end() :]) if begins else (part, "")
    found: dict[str, float] = {}
    for goal in goals.split(","):
        match = _GOAL.fullmatch(goal.strip())
        if match is None or match[1] in found:
            raise BadTargets(f"“{part}” is no target. Write targets like this: {_EXAMPLE}")
        found[match[1]] = int(match[2]) * (3600.0 if match[3] == "h" else 60.0)
    return Target(
        name, found.get("first", 0.0), found.get("next", 0.0), vip if name == VIP else (name,) if name else ()
    )
