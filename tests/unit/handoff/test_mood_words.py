"""A mood in the few words of a card."""

from __future__ import annotations

import pytest

from handoff.mood import Mood
from handoff.mood.mood import mood_in_words

CALM, SAD, CROSS, FURIOUS, GLAD = Mood(0, 0), Mood(-0.5, 0.2), Mood(-0.5, 0.6), Mood(-0.9, 0.9), Mood(0.8, 0)


@pytest.mark.parametrize(
    ("moods", "words"),
    [
        ((CALM,), "calm"),
        ((SAD,), "unhappy"),
        ((GLAD,), "content"),
        ((FURIOUS,), "very frustrated"),
        ((CALM, SAD, CROSS), "frustrated, getting worse"),
        ((FURIOUS, CROSS, GLAD), "content, getting better"),
        ((CALM, CALM), "calm"),
    ],
)
def test_now_and_where_it_is_heading(moods: tuple[Mood, ...], words: str) -> None:
    assert mood_in_words(moods, "en") == words


def test_nothing_written_has_no_mood_and_staff_read_their_language() -> None:
    assert mood_in_words((), "en") is None
    assert mood_in_words((CALM, FURIOUS), "de") == "sehr verärgert, wird schlechter"
