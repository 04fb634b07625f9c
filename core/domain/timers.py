"""What is to be done about a case when a time has come, so that nobody is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TimerKind(StrEnum):
    """unclaimed: nobody has taken the case. owner_silent: its owner leaves the customer waiting.

    snoozed: it was put aside until then. nobody_came: the customer should hear that it takes longer. learn: it was resolved,
    and what staff answered may be worth keeping. follow_up: the customer may have left before they saw what staff wrote; this
    one outlives its case, since what was said last is no less for them. answer: staff should have answered by a target.
    nudge: the customer of a pending case has not answered. assign: somebody is to be given the case, or whoever was has not taken
    it. gaps: of no case; what was not answered is posted.
    """

    UNCLAIMED = "unclaimed"
    OWNER_SILENT = "owner_silent"
    SNOOZED = "snoozed"
    NOBODY_CAME = "nobody_came"
    LEARN = "learn"
    FOLLOW_UP = "follow_up"
    ANSWER = "answer"
    NUDGE = "nudge"
    ASSIGN = "assign"
    GAPS = "gaps"


@dataclass(frozen=True, slots=True)
class Timer:
    """A case has one of each kind at most. ``stage`` counts how often it has come due; ``detail`` is the kind's own."""

    case_id: str
    conversation_id: str
    kind: TimerKind
    stage: int
    set_at: datetime
    due_at: datetime
    detail: str | None = None
