"""Renders an alteration of a message (its new text, its removal, a reaction) as calls of Slack's; `edits` sends them."""

from __future__ import annotations

from typing import Any

from channels.slack.emoji import name_of
from core.domain.alterations import Alteration, Altering

EDIT, DELETE, ADD, REMOVE = "chat.update", "chat.delete", "reactions.add", "reactions.remove"
METHODS = frozenset({EDIT, DELETE, ADD, REMOVE})


def bodies(alteration: Alteration, texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``texts``: the new text as messages; the first takes the old one's place, what does not fit follows it."""
    match alteration.how:
        case Altering.EDIT:
            return [{**texts[0], "method": EDIT, "of": alteration.of[0]}, *texts[1:]]
        case Altering.DELETE:
            return [{"method": DELETE, "of": one} for one in alteration.of]
        case Altering.REACT:
            method = ADD if alteration.present else REMOVE
            return [{"method": method, "of": alteration.of[0], "name": name_of(alteration.emoji)}]
