"""What was not answered as Slack shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handoff.slack.rich_text import (
    Block,
    Emoji,
    Line,
    Words,
    joined,
    lined,
    one_line,
    paragraph,
    phrase,
    small,
    source,
    spaced,
)

_LONGEST = 300


def gaps(clusters: Sequence[Mapping[str, Any]], language: str) -> list[Block]:
    """A block for each, below a title."""
    found = [paragraph(spaced((Emoji("mag"),), phrase("gaps_title", language, bold=True)))]
    for one in clusters:
        asked = spaced((Words(f"{one['count']}×", bold=True),), one_line(one["example"], _LONGEST))
        found.append(paragraph(joined(" · ", [asked, one_line(", ".join(one["languages"]))])))
        found += small(lined(_near(one["near"], language), *(one_line(did, _LONGEST) for did in one["staff"])))
    return [*found, *small(phrase("gaps_all", language))]


def _near(near: Mapping[str, Any] | None, language: str) -> Line:
    if near is None:
        return phrase("gaps_nothing_near", language)
    return phrase("gaps_nearest", language, title=source(str(near["title"]), near["url"], _LONGEST))
