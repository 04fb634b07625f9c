"""What was said before a case's thread began, as pieces that fit into a message of Slack's each. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.slack.render import NOTHING
from core.domain.messages import Author
from handoff.slack.rich_text import (
    Block,
    Emoji,
    Line,
    Moment,
    Words,
    joined,
    one_line,
    paragraph,
    phrase,
    small,
    spaced,
    words,
)
from handoff.slack.speech import recipients_lines, something, speaker, speech

_ROOM = 8_000
"""Characters of JSON in a piece of several messages: Slack takes 13,200 in a message, and 50 blocks."""
_BLOCKS = 40
_WORDS = 2_600
_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class Piece:
    """``told``: for notifications. ``last``: the message that it ends with. ``goes_on``: the how manyth piece of that message it
    is, where more follow.
    """

    told: Line
    blocks: tuple[Block, ...]
    last: str
    goes_on: int = 0


def transcript(meta: Mapping[str, Any], language: str = "en") -> list[Piece]:
    """At least one. A message that is too long for one has pieces of its own, so that how it is cut depends on no other."""
    found: list[Piece] = []
    for line in meta["lines"]:
        parts = _parts(line, language)
        if meta.get("left_out") and not found:
            left_out = phrase("card_left_out", language, count=str(meta["left_out"]))
            parts[0] = (parts[0][0], [*small(left_out), *parts[0][1]])
        told, blocks = parts[0]
        if len(parts) == 1 and found and _fits(found[-1], blocks):
            merged = joined("\n", [found[-1].told, told])
            found[-1] = Piece(merged, (*found[-1].blocks, *blocks), line["id"])
            continue
        numbered = enumerate(parts[:-1], start=1)
        found += [Piece(told, tuple(blocks), line["id"], number) for number, (told, blocks) in numbered]
        found.append(Piece(parts[-1][0], tuple(parts[-1][1]), line["id"]))
    return found or [Piece(words(NOTHING), (paragraph(words(NOTHING)),), "")]


def _fits(before: Piece, blocks: list[Block]) -> bool:
    both = [*before.blocks, *blocks]
    return before.goes_on == 0 and len(both) <= _BLOCKS and len(json.dumps(both, ensure_ascii=False)) <= _ROOM


def _parts(line: Mapping[str, Any], language: str) -> list[tuple[Line, list[Block]]]:
    who = speaker(line["author"], line["name"], language)
    said = speech(Author(line["author"]), joined(" · ", (who, (Moment(line["at"]),))), something(line["text"]), _WORDS)
    parts = [((*who, Words(": "), *words(text)), blocks) for text, blocks in said]
    for sign, names in (("paperclip", line["files"]), ("book", line["sources"])):
        if names:
            parts[-1][1].extend(small(spaced((Emoji(sign),), one_line(", ".join(names), _NAMED))))
    for recipients in recipients_lines(line, language):
        parts[-1][1].extend(small(recipients))
    return parts
