"""What somebody said, with who said it: a customer's words are text in a quote, all others' keep their formatting. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.slack.render import NOTHING
from channels.split import split
from core.domain.messages import Author
from core.domain.readers import READERS
from handoff.posts import WHO
from handoff.recipients import reply_goes_to
from handoff.slack.formatted import formatted_with_plain
from handoff.slack.rich_text import (
    LONGEST,
    Block,
    Emoji,
    Line,
    one_line,
    paragraph,
    quoted_below,
    small,
    spaced,
    visible,
    words,
)
from handoff.texts import say


def speaker(author: str, name: str | None, language: str) -> Line:
    """By their name, or by what they are."""
    return one_line(name or "", bold=True) or one_line(say(WHO[Author(author)], language), bold=True)


def something(text: str) -> str:
    """What says that there are no words, where none are to be seen."""
    return text if visible(text).strip() else NOTHING


def pieces_of(text: str, limit: int) -> list[str]:
    """Outside words in pieces of at most ``limit`` characters; none where nothing is to be seen."""
    return [piece.strip("\n") for piece in split(visible(text), limit) if piece.strip()]


def recipients_lines(meta: Mapping[str, Any], language: str) -> list[Line]:
    """Whom a reply goes to, whole, however many they are; nothing where only the writer reads along."""
    goes_to = reply_goes_to(meta.get(READERS) or (), language)
    return [spaced((Emoji("busts_in_silhouette"),), words(piece)) for piece in pieces_of(goes_to, LONGEST)]


def speech(author: Author, head: Line, text: str, limit: int) -> list[tuple[str, list[Block]]]:
    """Each piece of it, for notifications and as blocks. ``head`` stands above the first one."""
    if author is Author.CUSTOMER:
        pieces = pieces_of(text, limit)
        return [(one, [quoted_below(() if number else head, words(one))]) for number, one in enumerate(pieces)]
    own = author in (Author.AGENT, Author.SYSTEM)
    blocks = formatted_with_plain(text, limit, is_small=own)
    above = small(head) if own else [paragraph(head)]
    return [(told, [*([] if number else above), block]) for number, (block, told) in enumerate(blocks)]
