"""One piece of a model's answer as the gate judges it: a sentence of text, or one part of a structured answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class UnitKind(StrEnum):
    """What a unit says of itself. ``TEXT``: an answer in plain text, which says nothing of itself."""

    TEXT = "text"
    FACT = "fact"
    TOOL = "tool"
    DONE = "done"
    QUESTION = "question"
    CHAT = "chat"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Quote:
    """What a part rests on: words of the source with this number, as the model was given it in this turn."""

    source: int
    text: str


@dataclass(frozen=True, slots=True)
class AnswerUnit:
    """``text`` as the model wrote it, with its white space and any markers.

    The text of a part may hold several sentences: the gate splits it, and each of them has the part's kind and quotes.
    """

    text: str
    kind: UnitKind = UnitKind.TEXT
    quotes: tuple[Quote, ...] = ()


class AnswerSink(Protocol):
    """Takes one answer of the model: plain text as it arrives, or the parts of a structured one as each is complete."""

    async def feed(self, delta: str) -> None:
        """More of an answer in plain text; source markers such as ``[2]`` stand in it."""
        ...

    async def add(self, unit: AnswerUnit) -> None:
        """One complete part. Where its text brings no white space, the sink parts it from the part before."""
        ...

    async def finish(self, *, whole: bool = True) -> None:
        """The answer is over. ``whole`` is False when it was cut at its length: an unfinished sentence is left out."""
        ...
