"""How a customer feels, in the few words that stand on a card, and in the one that an answer carries."""

from __future__ import annotations

from collections.abc import Sequence

from handoff.mood import Mood, trend
from handoff.texts import say

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
