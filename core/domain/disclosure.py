"""Decides which earlier messages may be used in an answer, where several customers write in one conversation.

In a group everybody has read everything. In a mail thread each person has read the mails that they wrote or got. What somebody
else wrote or was told may be used only in an answer whose readers have all read it; a private message only in a private answer to
its author.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.domain.conversation import Conversation, Sharing
from core.domain.messages import COLLEAGUE, SHARED, Author
from core.domain.readers import READERS, RECIPIENTS, addresses


@dataclass(frozen=True, slots=True)
class Reader:
    """A customer who is about to be answered. ``in_private``: nobody else reads the answer. ``addresses``: of all who get it."""

    customer_id: str
    in_private: bool
    addresses: frozenset[str] = frozenset()

    def may_read(
        self, conversation: Conversation, author: Author, customer_id: str | None, meta: Mapping[str, Any]
    ) -> bool:
        """Whether a message of the conversation may be used in an answer to this customer.

        ``author``, ``customer_id`` and ``meta`` are the message's. Answers may be used for others only where everybody reads
        everything.
        """
        if COLLEAGUE in meta:
            got_it = READERS not in meta or self.addresses <= addresses(meta, READERS)
            return SHARED in meta and got_it  # what went to the company alone is no customer's to read
        known = RECIPIENTS in meta and self.addresses <= addresses(meta, RECIPIENTS)
        if author is Author.STAFF and conversation.shared is Sharing.SOMETIMES:
            return known  # of older ones it is not recorded whom they went to
        shared = SHARED in meta
        if shared and author is Author.CUSTOMER:
            known = READERS not in meta or self.addresses <= addresses(meta, READERS)
        if known or (shared and conversation.shared is Sharing.ALWAYS):
            return True
        return (customer_id or conversation.customer_id) == self.customer_id and (shared or self.in_private)
