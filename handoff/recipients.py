"""Tells staff whom a reply goes to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.readers import READERS, recipients_of
from handoff.texts import say

_DECEIVES = frozenset("<>@,;")


def reply_goes_to(readers: Sequence[Mapping[str, Any]], language: str) -> str:
    """A line for below a message with these readers; empty where it has none besides its author."""
    if not readers:
        return ""
    answered = recipients_of({READERS: readers})
    left_out = [one for one in readers if one["address"] not in {other["address"] for other in answered}]
    lines = [say("card_reply_goes_to", language, people=_listed(answered))]
    lines += [say("card_reply_not_to", language, people=_listed(left_out))] if left_out else []
    return "; ".join(lines)


def _listed(people: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(_shown(one["address"], one["name"]) for one in people)


def _shown(address: str, name: str | None) -> str:
    """Without a name that could be read as another address."""
    return f"{name} <{address}>" if name and not _DECEIVES.intersection(name) else address
