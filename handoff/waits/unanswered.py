"""Since when a customer waits for what their owner has not said, or has taken back before it was sent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.domain.conversation import Conversation
from core.domain.messages import Author, Message, MessageKind
from core.ports.cases import Cases
from handoff.facts import FeedRecords
from handoff.thread.altering import CORRECTS

_LOOKED_AT = 100
_SPEAK = (Author.CUSTOMER, Author.STAFF)


class WaitsSince(Protocol):
    """``taken_back``: messages that will not be sent either."""

    async def __call__(self, conversation: Conversation, taken_back: Collection[str]) -> datetime | None: ...


class LastAnswer:
    """Implements WaitsSince by what was said last. What certainly did not reach the customer does not count."""

    def __init__(self, records: FeedRecords, cases: Cases) -> None:
        self._records = records
        self._cases = cases

    async def __call__(self, conversation: Conversation, taken_back: Collection[str]) -> datetime | None:
        """The first of the customer's messages behind the last answer; None where there is none. Raises StoreUnavailable."""
        after = max(0, conversation.last_seq - _LOOKED_AT)
        said = await self._records.messages(conversation.id, after=after, limit=_LOOKED_AT)
        said = [one for one in said if one.author in _SPEAK and one.deleted_at is None and not _only_changes(one)]
        lost = await self._cases.lost([one.id for one in said if one.author is Author.STAFF])
        since: datetime | None = None
        for one in said:
            if one.author is Author.CUSTOMER:
                since = since or one.created_at
            elif one.id not in lost and one.id not in taken_back:
                since = None
        return since


def _only_changes(one: Message) -> bool:
    """Whether it says nothing new: it marks or changes a message, or corrects one."""
    return one.author is Author.STAFF and (one.kind is not MessageKind.ANSWER or CORRECTS in one.meta)
