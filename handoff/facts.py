"""What stands on a case's card, as it was when the case was opened: its first message carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.domain.keys import ConversationKey
from core.domain.messages import Message


class FeedRecords(Protocol):
    """What is read of a case's feed."""

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]: ...


async def facts_of(records: FeedRecords, feed: ConversationKey) -> Mapping[str, Any]:
    """Nothing where the case has no card. Raises StoreUnavailable."""
    first = await records.messages(feed.conversation_id, limit=1)
    facts: Mapping[str, Any] = first[0].meta.get("facts", {}) if first else {}
    return facts
