"""What a question back offers to choose from, as it is kept with the message that asks: channels show it, the agent reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CHOICES = "choices"
"""In ``Message.meta`` of what asks back."""
CLARIFY = "clarify"
"""The intent of what asks back, with choices or without: neither an answer nor the lack of one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``label`` is what the customer reads and sends. ``passage`` is meant by it, ``query`` looked up and ``question`` what
    was asked before anybody asked back."""

    label: str
    passage: str
    query: str
    question: str


def choices_meta(choices: tuple[Choice, ...]) -> dict[str, Any]:
    """The meta of a message that asks back."""
    return {CHOICES: [asdict(one) for one in choices]}


def choices_in(meta: Mapping[str, Any]) -> tuple[Choice, ...]:
    """In the order in which they are numbered, from 1; none where nothing was asked back."""
    return tuple(Choice(**one) for one in meta.get(CHOICES) or ())
