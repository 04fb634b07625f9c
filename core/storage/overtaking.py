"""What waits to be sent goes behind what was written before it, and came later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from core.domain.delivery import DeliveryStatus
from core.ports.outcomes import Aside, NewMessage
from core.storage.delivered import BESIDE, OF_MESSAGES, beside
from core.storage.tables import message, outbox

Overtaken = tuple[str, str, int]
"""A message, its conversation, and its new place in it."""


def overtaken(asides: Iterable[Aside]) -> list[str]:
    """The messages that are to wait until something of these is sent."""
    return [one for aside in asides for message in aside.messages for one in message.overtakes]


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
            dedupe = beside(key) if row.dedupe.endswith(BESIDE) else key
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(seq=seq, dedupe=dedupe))
        connection.execute(update(message).where(message.c.id == message_id).values(seq=seq, created_at=now))
