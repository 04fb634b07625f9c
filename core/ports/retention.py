"""What the database may forget after a while, and how: page by page, so that no lock is held for long."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Place = tuple[str | int, ...]
"""Up to where a kind was looked through."""


class Expiring(StrEnum):
    """Kinds of rows that have done their work; what customers and operators can still ask for is not among them.

    raw_events: what the provider sent, word for word; that it came, and the message that was made of it, stay.
    frames: pieces of answers from when they were being written, of turns that have ended, and what took them back.
    tool_calls: the journal of turns that have ended. deliveries: what arrived; dead letters and what was withheld stay.
    lessons: answers of staff that nobody is answered with, since they were discarded or withdrawn.
    routes: by which something went to a customer who had left the page, and an answer would come home. contacted: addresses that
    got something, and how often they did not answer. follow_ups: what was seen of conversations that their customers have ended.
    gaps: questions that were not answered. gap_clusters: clusters of them in which no question is left.
    facts: what customers said of themselves, and nobody needed since. summaries: of conversations that nobody goes on with.
    model_use: what calls of models used and cost.
    """

    RAW_EVENTS = "raw_events"
    FRAMES = "frames"
    TOOL_CALLS = "tool_calls"
    DELIVERIES = "deliveries"
    LESSONS = "lessons"
    ROADS = "roads"
    CONTACTED = "contacted"
    FOLLOW_UPS = "follow_ups"
    GAPS = "gaps"
    GAP_CLUSTERS = "gap_clusters"
    FACTS = "facts"
    SUMMARIES = "summaries"
    MODEL_USE = "model_use"


@dataclass(frozen=True, slots=True)
class Page:
    """What one look at a page removed, and where the next page begins; None when this one was the last."""

    removed: int
    upto: Place | None
