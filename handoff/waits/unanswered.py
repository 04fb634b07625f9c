"""Since when a customer waits for what their owner has not said, or has taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.alterations import CORRECTS, as_altered
from core.domain.conversation import Conversation
from core.domain.messages import BLOCKED, COLLEAGUE, SHARED, Author, CustomerAction, Message, MessageKind
from core.ports.cases import Cases
from handoff.records import Messages, last_said
from handoff.thread.altering import withdrawn_by

_LOOKED_AT = 100
_SPEAK = (Author.CUSTOMER, Author.STAFF)


class LastSaid:
    """What staff and the customer said to each other, as the customer has it.

    What certainly did not reach the customer does not count, nor what was taken from them again.
    """

    def __init__(self, records: Messages, cases: Cases) -> None:
        self._records = records
        self._cases = cases

    async def waits_since(self, conversation: Conversation, taken_back: Collection[str]) -> datetime | None:
        """The first of the customer's messages behind the last answer; None where there is none. Raises StoreUnavailable.

        ``taken_back``: messages that will not be sent either, or that the customer is about to lose.
        """
        since: datetime | None = None
        for one in await self._exchange(conversation):
            if one.deleted_at is None and one.id not in taken_back and BLOCKED not in one.meta:
                since = (since or one.created_at) if one.author is Author.CUSTOMER else None
        return since

    async def staffs(self, conversation: Conversation) -> Sequence[Message]:
        """What staff said lately, in order, with what they asked to disregard since marked as deleted."""
        return [one for one in await self._exchange(conversation) if one.author is Author.STAFF]

    async def _exchange(self, conversation: Conversation) -> Sequence[Message]:
        said = await last_said(self._records, conversation, _LOOKED_AT)
        lost = await self._cases.lost([one.id for one in said if one.author is Author.STAFF])
        came = [one for one in said if one.id not in lost]
        last = {
            str(one.meta[CORRECTS]): one for one in came if CORRECTS in one.meta
        }  # who withdrew it may have put it right since
        gone = {withdrawn: one.created_at for one in last.values() if (withdrawn := withdrawn_by(one))}
        spoken = [one for one in as_altered(came) if one.author in _SPEAK and not _only_changes(one)]
        return [replace(one, deleted_at=gone.get(one.id, one.deleted_at)) for one in spoken]


def _only_changes(one: Message) -> bool:
    """Whether it says nothing new to the customer: it marks, changes, corrects or rates, or a colleague said it elsewhere."""
    if one.action is CustomerAction.RATE:
        return True
    if COLLEAGUE in one.meta:
        return SHARED not in one.meta
    return one.author is Author.STAFF and (one.kind is not MessageKind.ANSWER or CORRECTS in one.meta)
