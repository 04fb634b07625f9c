"""What staff and the agent wrote, with its formatting. Pure.

Links show where they lead, as the agent may quote a customer.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels.markdown.pieces import render_with_plain
from channels.markdown.plain import says_address
from channels.slack.mrkdwn import MrkdwnDialect, escaped
from handoff.slack.rich_text import LONGEST, Block, visible


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
    for piece, told in render_with_plain(visible(markdown), _DIALECT, limit=limit):
        text = {"type": "mrkdwn", "text": piece, "verbatim": True}
        block = {"type": "context", "elements": [text]} if is_small else {"type": "section", "text": text}
        found += [(block, told)] if piece.strip() else []
    return found
