"""Whether a customer has written since somebody of the staff read what they had written."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from core.domain.messages import Author
from core.storage.tables import message

WRITTEN_SINCE = select(func.min(message.c.created_at)).where(
    message.c.conversation_id == bindparam("home"),
    message.c.author == Author.CUSTOMER,
    message.c.created_at > bindparam("since"),
    message.c.deleted_at.is_(None),
)
"""When they first did; nothing where they have not."""
