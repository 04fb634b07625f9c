"""A company's file of words: what it adds, takes away and replaces, and what is wrong with one that cannot be used."""

from __future__ import annotations

import pytest

from handoff.mood import MoodWords, measure
from handoff.mood.own_words import BadMoodWords, parse_mood_words

GERMAN = "Das ist eine Gurkentruppe, und mein Paket ist nicht da."
ENGLISH = "The blue light is back on my router."


def test_words_count_in_the_languages_that_they_are_for() -> None:
    own = parse_mood_words("any:\n  strong: [the blue light is back]\nde:\n  furious: [Gurkentruppe]\n")
    assert measure(ENGLISH).frustration < 0.3 < 0.6 <= measure(ENGLISH, words_of=own).frustration
    assert measure(GERMAN).frustration < 0.5 < 0.85 <= measure(GERMAN, words_of=own).frustration
    assert measure("The gurkentruppe is where we meet.", "en", words_of=own) == measure(
        "The gurkentruppe is where we meet.", "en"
    )


def test_an_added_word_is_found_however_its_umlaut_is_written() -> None:
    own = parse_mood_words("de:\n  furious: [Schlamperhänger]\n")
    for written in ("Ihr Schlamperhänger, wo ist es?", "Ihr Schlamperhaenger, wo ist es?"):
        assert measure(written, "de", words_of=own).frustration >= 0.85


def test_what_is_removed_counts_for_nothing_and_what_is_alone_for_everything() -> None:
    angry, slow = "I am furious about this order.", "My connection is slow."
    assert measure(slow, words_of=parse_mood_words("any:\n  removed: [slow]\n")).polarity == 0 > measure(slow).polarity
    alone = parse_mood_words("en:\n  alone: true\n  strong: [slow]\n")
    assert measure(angry, words_of=alone).frustration == 0 < measure(angry).frustration
    assert measure(slow, words_of=alone).frustration >= 0.6
    assert measure("It is not slow.", words_of=alone).frustration == 0, "negation is no mood, so it stays"
    assert measure("Ich bin stinksauer auf Sie.", words_of=alone).frustration >= 0.85, "German is as it was"


@pytest.mark.parametrize("empty", ["", "# nothing yet\n", "any:\n", "de: {}\n"])
def test_a_file_without_words_changes_nothing(empty: str) -> None:
    assert measure(GERMAN, words_of=parse_mood_words(empty)) == measure(GERMAN, words_of=MoodWords())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("any: [", "This is no YAML"),
        ("- angry", "It must hold languages"),
        ("xx:\n  strong: [a]", "no words for the language 'xx'; try any, en, de, fr, es, ar"),
        ("any: [angry]", "any: it must hold lists of words by level"),
        ("any:\n  cross: [angry]", "any: there is no level 'cross'; the levels are great, good, bad"),
        ("de:\n  strong: Gurkentruppe", "de: strong must be a list"),
        ("de:\n  strong: [no]", "de: strong holds False, which is no text; put it in quotes"),
        ("de:\n  strong: ['!!']", "de: “!!” holds no word"),
        ("any:\n  removed: ['']", "any: “” holds no word"),
        ("de:\n  alone: sure", "de: alone is true or false"),
        ("de:\n  mild: [a]\n  strong: [a]", "de: 'a' has more than one level"),
        (
            "any:\n  strong: [" + ", ".join(f"word{number}" for number in range(5_001)) + "]",
            "These are more than 5000 phrases",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, problem: str) -> None:
    with pytest.raises(BadMoodWords, match=problem.replace("(", r"\(")):
        parse_mood_words(text)
