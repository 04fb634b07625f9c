"""What staff see in Slack is what customers see where they are."""

from __future__ import annotations

import pytest

from channels.slack.staff_words import markdown


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        ("*bold* and _italic_ and ~gone~", "**bold** and _italic_ and ~~gone~~"),
        ("Thanks :smile: :+1::skin-tone-3:", "Thanks 😄 👍🏼"),
        ("*see <https://x.example/~a~/*b*|this>*", "**see <https://x.example/~a~/*b*|this>**"),
        ("`*code* :smile:` and\n```*x* ~y~```", "`*code* :smile:` and\n```*x* ~y~```"),
        ("2 * 3 * 4, a*b*c, ~5 and ~6", "2 * 3 * 4, a*b*c, ~5 and ~6"),
        ("at 10:30:45, 1:100:2, :no_such_thing:", "at 10:30:45, 1:100:2, :no_such_thing:"),
        ("**twice** :smile::heart:", "**twice** 😄❤️"),
        ("* one\n* two", "* one\n* two"),
        ("", ""),
    ],
)
def test_slacks_marks_become_markdown(slack: str, said: str) -> None:
    assert markdown(slack) == said
