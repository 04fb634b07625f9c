"""The file of a company's own words for how customers feel."""

from __future__ import annotations

from config.settings import Settings
from core.domain.errors import ConfigError
from handoff.mood import MoodWords
from handoff.mood.own_words import BadMoodWords, parse_mood_words


def read_mood_words(settings: Settings) -> MoodWords:
    """Ours alone where there is no file. Raises ConfigError: words that cannot count are found at the start."""
    path = settings.desk_mood_file
    if path is None:
        return MoodWords()
    try:
        return parse_mood_words(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"DESK_MOOD_FILE: {path} cannot be read: {error}") from error
    except BadMoodWords as error:
        raise ConfigError(f"DESK_MOOD_FILE: {path}: {error}") from error
