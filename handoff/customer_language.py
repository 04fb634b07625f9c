"""Chooses the language of a notice to a customer when staff or a timer act, and no new message shows the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.analysed_text import keep_newest
from core.domain.conversation import Conversation
from core.domain.messages import BLOCKED, Author, Message
from core.ports.store import TurnState
from handoff.records import Messages, last_said

_LOOKED_AT = 60
"""Messages of a conversation that tell in which language its customer writes."""
_SHOWS = 500
_REMEMBERED = 100


def known_locale(turn: TurnState) -> str | None:
    """Of the conversation, otherwise of its customer."""
    return turn.conversation.locale or turn.customer.locale


class LastWords:
    """What customers wrote last. Read once for all that look at it in one turn, so it is remembered until more is said."""

    def __init__(self, records: Messages) -> None:
        self._records = records
        self._known: dict[str, tuple[int, tuple[str, ...]]] = {}

    async def newest_texts(self, conversation: Conversation) -> tuple[str, ...]:
        """The newest first, and of each as much as shows its language. Raises StoreUnavailable."""
        known = self._known.get(conversation.id)
        if known is not None and known[0] == conversation.last_seq:
            return known[1]
        found = written(await last_said(self._records, conversation, _LOOKED_AT))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[conversation.id] = conversation.last_seq, found
        return found


def written(messages: Sequence[Message]) -> tuple[str, ...]:
    """What of these a customer wrote, the newest first, as far as it is analysed."""
    said = (one for one in messages if one.author is Author.CUSTOMER and one.deleted_at is None and one.action is None)
    shown = (replace(one, text=one.text[:_SHOWS]) for one in said if one.text.strip() and BLOCKED not in one.meta)
    return tuple(one.text for one in reversed(keep_newest(shown)))
