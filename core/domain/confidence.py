"""Who may be told what was said before, where several people write in one conversation.

In a group everybody has read everything. In a mail thread each has read what they were copied in on, and answers go to one
person alone. What somebody wrote in private is theirs alone, and is not repeated where others read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.domain.conversation import Conversation, Sharing
from core.domain.messages import SHARED, Author


@dataclass(frozen=True, slots=True)
class Reader:
    """A customer who is about to be answered; ``in_private``: where nobody else reads it."""

    customer_id: str
    in_private: bool

    def may_read(
        self, conversation: Conversation, author: Author, customer_id: str | None, meta: Mapping[str, Any]
    ) -> bool:
        """Whether something said in the conversation may be used in an answer to them.

        ``customer_id`` and ``meta``: as its message has them. Answers count as read by all only where all read everything.
        """
        if author is Author.STAFF and conversation.shared is Sharing.SOMETIMES:
            return False  # it went to whoever wrote last, which is not recorded
        shared = SHARED in meta
        if shared and (author is Author.CUSTOMER or conversation.shared is Sharing.ALWAYS):
            return True
        return (customer_id or conversation.customer_id) == self.customer_id and (shared or self.in_private)
