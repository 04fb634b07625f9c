"""Questions of customers that the knowledge did not answer, or not well enough: what is missing in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

ASKED_META: Final = "asked"
"""Of an answer: the language that it was asked in, and how the question was looked up where that differs."""
MASK: Final = "[…]"
NEAREST: Final = 3
"""How many passages are kept that came closest."""
_LONGEST: Final = 2_000
_SPAN = re.compile(r"(\d{1,4})\s*([hdw])", re.IGNORECASE)
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24}

_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40|\s?[(\[]at[)\]]\s?)[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(r"\+?\(?\d(?:[ ().\-/_\u00a0\u2010-\u2015]{0,3}\d){5,}")
_REFERENCE = re.compile(r"(?<!\w)#?[A-Za-z]{1,8}(?:[-/][A-Za-z0-9]{1,20}){0,6}[-/]?\d{5,}[\w/-]*|(?<!\w)#\d+")
_NUMBER = re.compile(r"\d{5,}")


class Why(StrEnum):
    """not_found: no passage was good enough. withheld: what the model wrote rests on no passage, so nobody read it.

    thumb_down: the customer gave the answer a thumb down. rated_badly: they gave the case that came of it 1 or 2.
    """

    NOT_FOUND = "not_found"
    WITHHELD = "withheld"
    THUMB_DOWN = "thumb_down"
    RATED_BADLY = "rated_badly"


@dataclass(frozen=True, slots=True)
class Nearest:
    """A document that came close, and how close: the best ``score`` of its passages."""

    title: str
    score: float
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """What a turn could not answer. ``message_id``: the customer's message, of which it is kept once.

    ``looked_up``: the question as it was searched for; ``language``: the one that it is in, where that can be told.
    """

    message_id: str
    asked: str
    looked_up: str
    why: Why
    language: str | None = None
    nearest: tuple[Nearest, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """One as it is kept. ``whys``: all reasons. ``cluster_id``: the cluster it was sorted into, None until then."""

    message_id: str
    conversation_id: str
    channel: str
    asked: str
    looked_up: str
    whys: tuple[Why, ...]
    asked_at: datetime
    language: str | None = None
    nearest: tuple[Nearest, ...] = ()
    cluster_id: str | None = None


@dataclass(frozen=True, slots=True)
class Leader:
    """What a cluster is known by: its first ``question``, after whose message it is named.

    It is closed as long as nobody has asked after ``closed_at``; ``answer``: what somebody said of it then.
    """

    id: str
    question: str
    closed_at: datetime | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class StaffAnswer:
    """What staff did about a conversation in which something was not answered. ``case``: its ticket's number, or its id.

    ``resolved``: they wrote to the customer, and the case is over. ``proposed``: an entry for the knowledge base waits
    for their decision. ``learned``: it was approved.
    """

    case: str
    resolved: bool = False
    proposed: bool = False
    learned: bool = False


@dataclass(frozen=True, slots=True)
class Taught:
    """A question that staff have answered for everybody, or are to decide about."""

    question: str
    by: StaffAnswer


@dataclass(frozen=True, slots=True)
class GapCluster:
    """Questions that ask the same, in other words. ``counts``: how many of them for each reason; one may have several."""

    id: str
    count: int
    example: str
    first_at: datetime
    last_at: datetime
    languages: tuple[str, ...] = ()
    counts: Mapping[Why, int] = field(default_factory=dict)
    nearest: Nearest | None = None
    closed_at: datetime | None = None
    answer: str | None = None
    staff: tuple[StaffAnswer, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether it is done with: a question that joins it afterwards opens it again."""
        return self.closed_at is not None


@dataclass(frozen=True, slots=True)
class GapReport:
    """Clusters, those of most questions first. ``by_words``: how many questions are only sorted by their words so far."""

    clusters: tuple[GapCluster, ...]
    by_words: int = 0


def masked(text: str) -> str:
    """Without what names one customer: e-mail addresses, phone numbers, order numbers and other long runs of digits.

    Staff read it in a channel. What only looks like such a number goes as well; nobody needs it to know what was asked.
    """
    text = _ADDRESS.sub(MASK, text[: 2 * _LONGEST])  # a number across the end must not leave its head
    text = _REFERENCE.sub(MASK, text)
    return _NUMBER.sub(MASK, _DIGITS.sub(MASK, text))[:_LONGEST].strip()


def since_of(text: str, now: datetime) -> datetime:
    """A time as people write it: a span back from ``now`` ("12h", "7d", "2w"), or a day or time in ISO 8601, in UTC where it
    names no zone. Raises ValueError.
    """
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        at = datetime.fromisoformat(text.strip())
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    try:
        return now - timedelta(hours=int(span[1]) * _HOURS[span[2].lower()])
    except OverflowError:
        raise ValueError(text) from None
