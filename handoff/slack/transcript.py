"""What was said before a case's thread began, as texts that fit into a section of Slack's each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.slack.render import NOTHING, mrkdwn
from core.domain.messages import Author
from handoff.slack.card import cut, date
from handoff.texts import say

WHO = {
    Author.CUSTOMER: "card_customer",
    Author.AGENT: "card_agent",
    Author.STAFF: "card_colleague",
    Author.SYSTEM: "card_hub",
}
_ROOM = 2_900
_WORDS = 2_600
"""Characters of a message's own in a piece, beside who said it and when."""
_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class Piece:
    """``last``: the message that it ends with. ``goes_on``: the how manyth piece of that message it is, where more follow."""

    text: str
    last: str
    goes_on: int = 0


def transcript(meta: Mapping[str, Any], language: str = "en") -> list[Piece]:
    """At least one. A message that is too long for one has pieces of its own, so that how it is cut depends on no other."""
    found: list[Piece] = []
    for line in meta["lines"]:
        parts = _parts(line, language)
        if meta.get("left_out") and not found:
            parts[0] = f"_{say('card_left_out', language, count=str(meta['left_out']))}_\n\n{parts[0]}"
        if len(parts) == 1 and found and len(found[-1].text) + len(parts[0]) + 2 <= _ROOM:
            found[-1] = Piece(f"{found[-1].text}\n\n{parts[0]}", line["id"])
            continue
        found += [Piece(part, line["id"], number) for number, part in enumerate(parts[:-1], start=1)]
        found.append(Piece(parts[-1], line["id"]))
    return found or [Piece(NOTHING, "")]


def _parts(line: Mapping[str, Any], language: str) -> list[str]:
    who = cut(line["name"] or say(WHO[Author(line["author"])], language))
    parts = [part for part in mrkdwn(line["text"], _WORDS) if part.strip()] or ["…"]
    parts[0] = f"*{who}* {date(line['at'])}\n{parts[0]}"
    for sign, names in ((":paperclip:", line["files"]), (":book:", line["sources"])):
        told = f"{sign} {cut(', '.join(names), _NAMED)}"
        if names and len(parts[-1]) + len(told) + 1 <= _ROOM:
            parts[-1] += f"\n{told}"
        elif names:
            parts.append(told)
    return parts
