"""What turns decide about other conversations: what of it must still be possible, and in which places it is said.

What is decided about one conversation in several such writes is written as one: its row and its next place are taken once. What
waits to be sent goes behind what was written before it, and came later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select, update

from core.domain.delivery import DeliveryStatus
from core.ports.outcomes import CrossConversationWrite, NewMessage
from core.storage.delivered import BESIDE, OF_MESSAGES, second_delivery_key
from core.storage.tables import message, outbox

Overtaken = tuple[str, str, int]
"""A message, its conversation, and its new place in it."""


def must_wait(cross_writes: Sequence[CrossConversationWrite]) -> list[str]:
    """The messages that must not have been sent yet: they are recalled, or go behind something that is said."""
    recalled = [one.message_id for cross_write in cross_writes for one in cross_write.recalls]
    return recalled + [one for cross_write in cross_writes for new in cross_write.messages for one in new.overtakes]


def in_places(messages: Sequence[NewMessage]) -> list[NewMessage | str]:
    """What is said, in order, with the ids of what comes behind it; who is named by several comes behind the last of them."""
    last = {one: place for place, new in enumerate(messages) for one in new.overtakes}
    found: list[NewMessage | str] = []
    for place, new in enumerate(messages):
        found += [new, *(one for one in dict.fromkeys(new.overtakes) if last[one] == place)]
    return found


def move(connection: Connection, moved: Sequence[Overtaken], now: float) -> None:
    """Of messages that wait, and whose rows are held: nobody outside knows their places yet, nor the keys made of them."""
    for message_id, conversation_id, seq in moved:
        waits = OF_MESSAGES, outbox.c.status == DeliveryStatus.DUE
        rows = connection.execute(select(outbox.c.id, outbox.c.dedupe).where(*waits), {"ids": [message_id]}).all()
        key = f"{conversation_id}:{seq}"
        for row in rows:
            dedupe = second_delivery_key(key) if row.dedupe.endswith(BESIDE) else key
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(seq=seq, dedupe=dedupe))
        connection.execute(update(message).where(message.c.id == message_id).values(seq=seq, created_at=now))


def merge_by_conversation(cross_writes: Sequence[CrossConversationWrite]) -> list[CrossConversationWrite]:
    """In the order in which their conversations are named first, each with everything that is said in it, in order.

    Whether they hold is asked of each of them before: they may have been decided on different states of the conversation.
    """
    found: dict[str, CrossConversationWrite] = {}
    for cross_write in cross_writes:
        home = cross_write.conversation.conversation_id
        found[home] = _merged(found[home], cross_write) if home in found else cross_write
    return list(found.values())


def _merged(first: CrossConversationWrite, second: CrossConversationWrite) -> CrossConversationWrite:
    return replace(
        first,
        messages=(*first.messages, *second.messages),
        transition=first.transition or second.transition,
        recalls=(*first.recalls, *second.recalls),
        follow_up=first.follow_up or second.follow_up,
    )
