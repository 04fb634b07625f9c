"""What staff and the agent wrote, with its formatting. Pure.

Links show where they lead, as the agent may quote a customer.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels.markdown.pieces import render
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
    return [{"type": "section", "text": text} for text in _texts(markdown, limit)]


def formatted_small(markdown: str, limit: int = LONGEST) -> list[Block]:
    """The same in small print."""
    return [{"type": "context", "elements": [text]} for text in _texts(markdown, limit)]


def _texts(markdown: str, limit: int) -> list[Block]:
    pieces = render(visible(markdown), _DIALECT, limit=limit)
    return [{"type": "mrkdwn", "text": piece, "verbatim": True} for piece in pieces if piece.strip()]
