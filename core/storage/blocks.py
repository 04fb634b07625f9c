"""Customers whom staff have blocked, on a database: a note on the customer's row.

A block holds for the address: also for the other customer that it has, one whose identity is proven and one whose is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select, update

from core.domain.customer import Block, Identity
from core.ports.outcomes import BlockCustomer, CaseRecord
from core.storage import codec
from core.storage.among import among
from core.storage.database import OnDatabase, reads
from core.storage.tables import customer, identity

_own, _same = identity.alias("own_identity"), identity.alias("same_identity")
_OF_ADDRESS = (
    (_same.c.channel == _own.c.channel)
    & (_same.c.account == _own.c.account)
    & (_same.c.external_id == _own.c.external_id)
)
_SAME_ADDRESS = select(_same.c.customer_id).select_from(_own).join(_same, _OF_ADDRESS)
"""The customers that an address has, from one of them."""
_BLOCKED = select(customer).where(customer.c.blocked.is_not(None))
_OF = _BLOCKED.where(customer.c.id.in_(_SAME_ADDRESS.where(_own.c.customer_id == bindparam("of"))))
_IDENTITIES = select(identity).where(among(identity.c.customer_id, "ids")).order_by(identity.c.created_at)
_IS = (
    select(customer.c.id)
    .join(identity, identity.c.customer_id == customer.c.id)
    .where(
        customer.c.blocked.is_not(None),
        identity.c.channel == bindparam("of_channel"),
        identity.c.account == bindparam("of_account"),
        identity.c.external_id == bindparam("of_id"),
    )
)


def same_address(customer_id: str) -> Select[tuple[str]]:
    """The ids of that customer and of the other one of the same address."""
    return _SAME_ADDRESS.where(_own.c.customer_id == customer_id)


def is_blocked(customer_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether staff have blocked that customer, or the other one of the same address."""
    them = customer.alias("blocked_customer")
    found = _SAME_ADDRESS.join(them, them.c.id == _same.c.customer_id)
    return found.where(_own.c.customer_id == customer_id, them.c.blocked.is_not(None)).exists()


def keep_blocks(connection: Connection, records: Iterable[CaseRecord], now: float) -> None:
    """Block and unblock customers. A second block of the same customer keeps the first one's author and reason."""
    for one in records:
        if not isinstance(one, BlockCustomer):
            continue
        note = {"by": one.actor, "reason": one.reason, "at": now, "case": one.case_id}
        theirs: ColumnElement[bool]
        if one.blocks:
            theirs = (customer.c.id == one.customer_id) & ~is_blocked(customer.c.id)
        else:
            theirs = customer.c.id.in_(same_address(one.customer_id))
        connection.execute(update(customer).where(theirs).values(blocked=codec.dump(note) if one.blocks else None))


class SqlBlocks(OnDatabase):
    """Implements Blocks."""

    @reads
    def block_of(self, connection: Connection, customer_id: str) -> Block | None:
        row = connection.execute(_OF, {"of": customer_id}).first()
        return _block(row, ()) if row else None

    @reads
    def is_blocked(self, connection: Connection, sender: Identity) -> bool:
        given = {"of_channel": sender.channel, "of_account": sender.account, "of_id": sender.external_id}
        return connection.execute(_IS, given).first() is not None

    @reads
    def blocked(self, connection: Connection) -> Sequence[Block]:
        rows = connection.execute(_BLOCKED).all()
        theirs = connection.execute(_IDENTITIES, {"ids": [row.id for row in rows]}).all() if rows else []
        found = [_block(row, [one for one in theirs if one.customer_id == row.id]) for row in rows]
        return sorted(found, key=lambda one: one.at, reverse=True)


def _block(row: Row[Any], identities: Sequence[Row[Any]]) -> Block:
    note = codec.load(row.blocked)
    return Block(
        customer_id=row.id,
        by=str(note.get("by", "")),
        reason=str(note.get("reason", "")),
        at=datetime.fromtimestamp(float(note.get("at", 0.0)), UTC),
        case_id=str(note.get("case", "")),
        name=row.display_name,
        identities=tuple(f"{one.channel}:{one.external_id}" for one in identities),
    )
