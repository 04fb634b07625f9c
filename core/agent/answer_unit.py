"""One piece of a model's answer as the gate judges it: a sentence of text, or one part of a structured answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
