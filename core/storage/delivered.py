"""What became of a message on its way out, asked from the message's side."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, func, select

from core.domain.delivery import DeliveryStatus
from core.domain.messages import MessageKind
from core.storage.among import among
from core.storage.tables import message, outbox

BESIDE = ":own"
_OWN = outbox.alias("own")
_KEYS = select(message.c.conversation_id + ":" + cast(message.c.seq, String)).where(among(message.c.id, "ids"))
_KEYS_BESIDE = select(message.c.conversation_id + ":" + cast(message.c.seq, String) + BESIDE).where(
    among(message.c.id, "ids")
)
OF_MESSAGES = outbox.c.dedupe.in_(_KEYS.union_all(_KEYS_BESIDE))
"""All deliveries of the messages ``ids``. PostgreSQL finds no index for two lists with OR."""


def beside(key: str) -> str:
    """The key of a message's second delivery, in its conversation's own place, where the first goes by another road."""
    return key + BESIDE


def never_came() -> ColumnElement[bool]:
    """Whether a row of ``message`` was withheld, or could not be delivered and certainly did not arrive, nor beside that."""
    lost = (outbox.c.status == DeliveryStatus.DEAD) & ~outbox.c.uncertain
    withheld = outbox.c.status == DeliveryStatus.WITHHELD
    came = (
        select(_OWN.c.id)
        .where(_OWN.c.dedupe == outbox.c.dedupe + BESIDE, _OWN.c.status == DeliveryStatus.SENT)
        .correlate(outbox)
        .exists()
    )
    return select(outbox.c.id).where(outbox.c.dedupe == _key(), withheld | lost, ~came).exists()


def came_alone() -> ColumnElement[bool]:
    """Whether a row of ``outbox`` is a message's second delivery, and its first has not arrived, or never will."""
    first = func.substr(outbox.c.dedupe, 1, func.length(outbox.c.dedupe) - len(BESIDE))
    missing = select(_OWN.c.id).where(_OWN.c.dedupe == first, _OWN.c.status != DeliveryStatus.SENT).correlate(outbox)
    return outbox.c.dedupe.endswith(BESIDE) & missing.exists()


def is_said() -> ColumnElement[bool]:
    """Whether a row of ``message`` is part of the conversation, and does not only say something of it again elsewhere."""
    return func.coalesce(message.c.kind, "") != MessageKind.FOLLOW_UP


def _key() -> ColumnElement[str]:
    return message.c.conversation_id + ":" + cast(message.c.seq, String)
