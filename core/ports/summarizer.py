"""Sums up what was said, for a colleague who comes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.messages import Message


@dataclass(frozen=True, slots=True)
class Point:
    """One line of a summary. ``about``: the id of the message that it rests on."""

    text: str
    about: str


class Summarizer(Protocol):
    """Never raises, and never takes longer than a customer should wait for it: what was said can always be quoted instead."""

    async def summarize(self, said: Sequence[Message], language: str) -> Mapping[str, Point]:
        """Points by what they say: ``asked``, ``tried`` and ``last``. Those that cannot be believed are not there."""
