"""What stands on the card of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.domain.keys import ConversationKey
from core.domain.messages import Message

_LATER = 100


class FeedRecords(Protocol):
    """What is read of a case's feed."""

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]: ...


async def facts_of(records: FeedRecords, feed: ConversationKey) -> Mapping[str, Any]:
    """Nothing where the case has no card. Raises StoreUnavailable."""
    first = await records.messages(feed.conversation_id, limit=1)
    if first and "facts" not in first[0].meta:  # staff were told something before the case moved to them
        first = await records.messages(feed.conversation_id, after=first[0].seq, limit=_LATER)
    facts: Mapping[str, Any] = next((one.meta["facts"] for one in first if "facts" in one.meta), {})
    return facts
