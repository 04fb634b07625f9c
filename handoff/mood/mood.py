"""What a message's mood is, and where a conversation is heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handoff.texts import say


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


_FURIOUS, _FRUSTRATED = 0.8, 0.5
_GOOD = 0.3
_SLOPE = 0.1
_TREND_OF = 2  # messages, at least


def mood_in_words(moods: Sequence[Mood], locale: str) -> str | None:
    """Of the last message, and where it is heading: "frustrated, getting worse". None where nothing was written."""
    if not moods:
        return None
    slope = trend(moods) if len(moods) >= _TREND_OF else 0.0
    words = [_now(moods[-1])]
    if abs(slope) >= _SLOPE:
        words.append("worse" if slope < 0 else "better")
    return ", ".join(say(f"staff_mood_{word}", locale) for word in words)


def sentiment(mood: Mood) -> str:
    """Of a message, for programs: positive, neutral, negative or frustrated."""
    if mood.frustration >= _FRUSTRATED:
        return "frustrated"
    if abs(mood.polarity) < _GOOD:
        return "neutral"
    return "positive" if mood.polarity > 0 else "negative"


def _now(mood: Mood) -> str:
    if mood.frustration >= _FRUSTRATED:
        return "furious" if mood.frustration >= _FURIOUS else "frustrated"
    if mood.polarity <= -_GOOD:
        return "unhappy"
    return "content" if mood.polarity >= _GOOD else "calm"
