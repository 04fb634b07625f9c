"""What the desk reads of conversations and of what was said in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.conversation import Conversation
from core.domain.customer import Customer
from core.domain.messages import Message


class Messages(Protocol):
    """What was said. Raises StoreUnavailable."""

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]: ...


class Conversations(Messages, Protocol):
    """Conversations, and what was said in them. Raises StoreUnavailable."""

    async def conversation(self, conversation_id: str) -> Conversation | None: ...


class DeskRecords(Conversations, Protocol):
    """What the desk reads of conversations."""

    async def customer(
        self, conversation_id: str, case_id: str | None = None, customer_id: str | None = None
    ) -> Customer | None: ...


async def last_said(records: Messages, conversation: Conversation, most: int) -> Sequence[Message]:
    """The last messages of a conversation, in order. Raises StoreUnavailable."""
    return await records.messages(conversation.id, after=max(0, conversation.last_seq - most), limit=most)


async def last_in(records: Conversations, conversation_id: str, most: int) -> Sequence[Message]:
    """The same by the conversation's id; nothing where there is none. Raises StoreUnavailable."""
    conversation = await records.conversation(conversation_id)
    return await last_said(records, conversation, most) if conversation is not None else ()
