"""How a customer feels: polarity and frustration of a message, and the trend of a conversation. Pure and light."""

from handoff.mood.lexicon import MoodWords
from handoff.mood.measure import measure
from handoff.mood.mood import Mood, trend

__all__ = ["Mood", "MoodWords", "measure", "trend"]
