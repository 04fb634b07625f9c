"""What stands below a translation is one that Slack takes, whatever the customer wrote."""

from __future__ import annotations

import pytest

from config.simulation.slack_rules import check_message, shown_in
from handoff.slack.agent_posts import below
from handoff.slack.rich_text import paragraph, words


@pytest.mark.parametrize("text", ["&" * 3_000, "<a href='b'>" * 500, "word " * 1_500, "x", "字" * 5_000])
def test_the_original_fits_below_its_translation(text: str) -> None:
    blocks = below({"original": text, "below": "Not translated."})
    check_message("x", [paragraph(words("y" * 2_900)), *blocks])
    assert shown_in(blocks[0]).startswith(":speech_balloon: ")


def test_nothing_stands_below_what_was_not_translated() -> None:
    assert below({}) == []
