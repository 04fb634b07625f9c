"""What staff read in Slack is made of typed parts: nowhere else in the desk is text written that Slack parses."""

from __future__ import annotations

import re
from pathlib import Path

HANDOFF = Path(__file__).parents[2] / "handoff"
MAKERS = {"rich_text.py", "speech.py"}
"""The first writes outside words and the hub's own, the second what staff and the agent wrote."""
PARSED = re.compile(r"mrkdwn|\"section\"|\bimport .*\b(section|context)\b|\bescaped\b")


def test_only_two_modules_write_what_slack_parses() -> None:
    found = {path.name for path in HANDOFF.rglob("*.py") if PARSED.search(path.read_text("utf-8"))}
    assert found == MAKERS
