"""What customers write and what answers say: each message names its author and its number."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGNED = re.compile(r"message (\d+) by ([a-z]+-\d+)\b")


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as a customer reads it: the messages that it answers."""

    numbers: tuple[int, ...]
    tags: frozenset[str]


def signed(number: int, tag: str) -> str:
    """What a customer writes."""
    return f"message {number} by {tag}"


def read(text: str) -> Said:
    """What an answer answers. The hub's scripted responder repeats what it was asked."""
    found = _SIGNED.findall(text)
    return Said(tuple(int(number) for number, _ in found), frozenset(tag for _, tag in found))
