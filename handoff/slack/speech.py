"""What somebody said, with who said it: a customer's words are text in a quote, all others' keep their formatting. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.markdown.parse import parse
from channels.markdown.pieces import render_with_plain
from channels.markdown.plain import says_address
from channels.slack.mrkdwn import MrkdwnDialect, escaped
from channels.slack.render import NOTHING
from channels.split import split
from core.domain.messages import Author
from core.domain.readers import READERS
from handoff.places import reply_goes_to
from handoff.posts import WHO
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


@dataclass(frozen=True, slots=True)
class _DeskDialect(MrkdwnDialect):
    """Without labels that hide an address."""

    def link(self, inner: str, url: str) -> str:
        """The label, and behind it the address."""
        address = f"<{escaped(url).replace('|', '%7C')}>"
        return address if not inner.strip() or says_address(inner, url) else f"{inner} ({address})"


_DIALECT = _DeskDialect()


def formatted(markdown: str, limit: int = LONGEST) -> list[Block]:
    """In as many sections as it needs."""
    return [block for block, _ in formatted_with_plain(markdown, limit)]


def formatted_with_plain(markdown: str, limit: int, *, is_small: bool = False) -> list[tuple[Block, str]]:
    """Each section beside what a notification says of it. ``is_small``: in small print."""
    found: list[tuple[Block, str]] = []
    for piece, told in render_with_plain(parse(visible(markdown)), _DIALECT, limit=limit):
        text = {"type": "mrkdwn", "text": piece, "verbatim": True}
        block = {"type": "context", "elements": [text]} if is_small else {"type": "section", "text": text}
        found += [(block, told)] if piece.strip() else []
    return found
