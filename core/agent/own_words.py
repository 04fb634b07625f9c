"""What the customer who is answered wrote themselves in a conversation: without what they quote, forward or paste as a block."""

from __future__ import annotations

import re

from core.domain.messages import Author, Message
from core.ports.store import TurnState

_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_QUOTED_LINE = re.compile(r"^[ \t]*[>|].*$", re.MULTILINE)
_FORWARDED = re.compile(r"^[ \t]*[-_=]{5,}.*\Z", re.MULTILINE | re.DOTALL)
"""A rule: below it stand the mail that was forwarded, a signature, or another document."""
_QUOTED = re.compile(r'"[^"\n]{60,}"|“[^”\n]{60,}”|„[^“”\n]{60,}[“”]|«[^»\n]{60,}»')


def own_words(turn: TurnState) -> list[str]:
    """Theirs alone, the oldest first: in a group another customer's words ask for nothing on their behalf."""
    said = (*turn.history, *turn.pending)
    return [text for one in said if is_own(turn, one) and (text := unquoted(one.text))]


def is_own(turn: TurnState, message: Message) -> bool:
    """Whether the customer who is answered wrote it."""
    if message.author is not Author.CUSTOMER or message.deleted_at is not None:
        return False
    return turn.author_of(message) == turn.customer.id


def unquoted(text: str) -> str:
    """A message without blocks of code, quoted lines, forwarded mail and long quotations."""
    for pattern in (_FENCED, _QUOTED_LINE, _FORWARDED, _QUOTED):
        text = pattern.sub("", text)
    return text.strip()
