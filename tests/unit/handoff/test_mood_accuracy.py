"""How often the measure agrees with a person: 180 messages to a support desk, 36 in each of five languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from handoff.mood import measure

_MESSAGES: dict[str, dict[str, dict[str, list[str]]]] = tomllib.loads(
    Path(__file__).with_name("labelled_moods.toml").read_text("utf-8")
)


def _judged(text: str) -> str:
    frustration = measure(text).frustration
    return "furious" if frustration >= 0.8 else "unhappy" if frustration >= 0.3 else "calm"


def _labelled(part: str) -> list[tuple[str, str]]:
    return [(mood, text) for parts in _MESSAGES.values() for mood, texts in parts[part].items() for text in texts]


@pytest.mark.parametrize(("part", "floor"), [("tuned", 0.95), ("held_out", 0.85)])
def test_calm_unhappy_and_furious_are_told_apart(part: str, floor: float) -> None:
    """Measured: 99 % (89 of 90) on the half by which the lists were corrected, 90 % (81 of 90) on the other half.

    The language is found from the words, as no locale is given. One hand wrote the lists and the messages, and the five
    languages say mostly the same things, so real messages will fare worse. Of the nine mistakes on the other half, seven are
    complaints without a listed word, and two are fury told by little more than its marks.
    """
    labelled = _labelled(part)
    wrong = [(mood, _judged(text), text) for mood, text in labelled if _judged(text) != mood]
    assert 1 - len(wrong) / len(labelled) >= floor, wrong


def test_nobody_calm_is_taken_for_furious_nor_the_other_way_round() -> None:
    labelled = _labelled("tuned") + _labelled("held_out")
    swapped = [text for mood, text in labelled if {mood, _judged(text)} == {"calm", "furious"}]
    assert swapped == []


def test_there_are_enough_of_each_kind() -> None:
    assert len(_MESSAGES) == 5
    counts = [len(texts) for parts in _MESSAGES.values() for moods in parts.values() for texts in moods.values()]
    assert sum(counts) >= 120
    assert min(counts) >= 6
