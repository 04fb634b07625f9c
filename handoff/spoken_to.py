"""In which language a customer is spoken to when staff or the time do something, and no new message of theirs is at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.domain.conversation import Conversation
from core.domain.customer import Customer
from core.domain.messages import Author, Message

_LOOKED_AT = 60
"""Messages of a conversation that tell in which language its customer writes."""


class Said(Protocol):
    """What was said in conversations."""

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]: ...


class Listening(Protocol):
    """``written``: the language of what a customer wrote, the newest first, where their locale is that; None where it
    shows none.
    """

    @property
    def records(self) -> Said: ...

    @property
    def written(self) -> Callable[[Sequence[str], str | None], str | None] | None: ...


async def locale_of(desk: Listening, conversation: Conversation, customer: Customer) -> str | None:
    """That of what they write, as in what they are told when they write themselves; otherwise the one that is known."""
    known = conversation.locale or customer.locale
    if desk.written is None:
        return known
    after = max(0, conversation.last_seq - _LOOKED_AT)
    said = await desk.records.messages(conversation.id, after=after, limit=_LOOKED_AT)
    theirs = [one for one in said if one.author is Author.CUSTOMER and one.deleted_at is None and one.action is None]
    language = desk.written([one.text for one in reversed(theirs)], known)
    if language is None or (known or "").replace("_", "-").split("-")[0].lower() == language:
        return known
    return language
