"""Tells the model which customer wrote which message, where several write in one conversation. Names are their own claims."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.agent.sources import defuse
from core.domain.messages import Author, Message
from core.ports.store import TurnState

_NAME = 40
"""Characters of a name: enough to know somebody by, too few to give orders with."""
_FORGED = re.compile(r"\[(?=\s*customer\b)", re.IGNORECASE)
_UNFIT = re.compile(r"[^\w\s.'’-]+|\n")


class Speakers:
    """The customers whose words a turn holds, in the order in which they appear. One alone is not named."""

    def __init__(self, turn: TurnState) -> None:
        said = (one for one in (*turn.history, *turn.pending) if one.author is Author.CUSTOMER)
        self._home = turn.conversation.customer_id
        self._ids = tuple(dict.fromkeys(one.customer_id or self._home for one in said))
        self._answered = turn.customer.id

    def number_messages(self, messages: Sequence[Message]) -> list[Message]:
        """The messages, each headed by its author's number. Customers cannot forge such a heading."""
        if len(self._ids) < 2:
            return list(messages)
        return [replace(one, text=self._numbered(one)) if one.author is Author.CUSTOMER else one for one in messages]

    @property
    def answered_number(self) -> int | None:
        """The number of the customer who is answered; None where nobody else writes."""
        return self._ids.index(self._answered) + 1 if len(self._ids) > 1 and self._answered in self._ids else None

    def _numbered(self, message: Message) -> str:
        number = self._ids.index(message.customer_id or self._home) + 1
        name = " ".join(_UNFIT.sub(" ", defuse(message.author_name or "")).split())[:_NAME]
        called = f", who is called “{name}”" if name else ""
        return f"[Customer {number}{called}] {_FORGED.sub('(', message.text)}"
