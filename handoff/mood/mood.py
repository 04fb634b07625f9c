"""What a message's mood is, and where a conversation is heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mood:
    """``polarity`` from -1 (all bad) over 0 (neither) to 1 (all good); ``frustration`` from 0 (calm) to 1 (furious).

    They are two scales on purpose: a sad report of a loss is negative and calm, a polite threat is neither.
    """

    polarity: float
    frustration: float

    @property
    def tone(self) -> float:
        """Both in one number from -1 (furious) to 0.5 (delighted), for a trend."""
        return (self.polarity - self.frustration) / 2


def trend(moods: Sequence[Mood]) -> float:
    """How much the tone changes from one customer message to the next: the slope of the least-squares line.

    Oldest first. Negative is getting worse; -0.1 per message is a clear decline. Fewer than two messages have no trend.
    """
    count = len(moods)
    if count < 2:
        return 0.0
    middle = (count - 1) / 2
    spread = count * (count * count - 1) / 12
    return sum((place - middle) * mood.tone for place, mood in enumerate(moods)) / spread
