"""The setting that says how soon staff should answer."""

from __future__ import annotations

import re

from handoff.teams import Target

VIP = "vip"
_LONGEST = 1_000
_BEGINS = re.compile(r"(?:^|\s)(?=(?:first|next)\s+\d)")
_GOAL = re.compile(r"(first|next)\s+(\d{1,5})\s*(min|h)?")
_EXAMPLE = "vip first 5 min, next 30 min; email first 4 h; first 30 min, next 2 h"


class BadTargets(ValueError):
    """The setting cannot be understood; the message names the part and says how to write it."""


def parse_targets(text: str, vip: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Targets from ``vip first 5 min, next 30 min; first 30 min, next 2 h``. Without a unit, minutes. Raises BadTargets."""
    if len(text) > _LONGEST:
        raise BadTargets(f"It is longer than {_LONGEST} characters.")
    return tuple(_target(part.strip(), vip) for part in re.split(r"[;\n]", text) if part.strip())


def _target(part: str, vip: tuple[str, ...]) -> Target:
    begins = _BEGINS.search(part)
    name, goals = (part[: begins.start()].strip(), part[begins.end() :]) if begins else (part, "")
    found: dict[str, float] = {}
    for goal in goals.split(","):
        match = _GOAL.fullmatch(goal.strip())
        if match is None or match[1] in found:
            raise BadTargets(f"“{part}” is no target. Write targets like this: {_EXAMPLE}")
        found[match[1]] = int(match[2]) * (3600.0 if match[3] == "h" else 60.0)
    customers = vip if name == VIP else (name,) if name else ()
    return Target(name, found.get("first", 0.0), found.get("next", 0.0), customers)
