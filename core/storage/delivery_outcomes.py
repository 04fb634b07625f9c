"""What became of messages that staff sent: found where there is news, told and noted in one commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, exists, select, text, update

from core.domain.case import feed
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, MessageKind, ReceiptStatus
from core.ports.delivery_outcomes import Arrived, DeliveryOutcome, OutcomeStatus, Wording
from core.ports.outcomes import CrossConversationWrite, NewMessage
from core.storage import codec
from core.storage.among import among
from core.storage.database import OnDatabase, grouped, writes
from core.storage.delivered import OF_MESSAGES, came_in_part, delivery_key, is_still_to_come, was_not_delivered
from core.storage.desk_tables import IS_NEWS, desk_case, relay
from core.storage.relay_updates import TAKEN_BACK
from core.storage.tables import message, outbox, receipt
from core.storage.turn_writes import Writes
from core.storage.turns import lock_homes

_COPY = message.alias("copy")
_KEY = delivery_key(_COPY)
_OPEN = (DeliveryStatus.DUE, DeliveryStatus.SENDING)
_SETTLED = ~exists().where(outbox.c.dedupe == _KEY, outbox.c.status.in_(_OPEN))
_NEWS = (
    select(relay.c.source_id)
    .join(_COPY, _COPY.c.id == relay.c.target_id)
    .where(text(f"relay.{IS_NEWS}"), _SETTLED)
    .order_by(relay.c.news_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=relay)
)
_OUTCOMES = (
    select(
        *relay.c["source_id", "target_id", "shown"],
        *message.c["meta", "deleted_at", "kind"],
        *_COPY.c["text", "author"],
        _COPY.c.conversation_id.label("home"),
        _COPY.c.created_at.label("said_at"),
        *outbox.c["status", "last_error", "uncertain", "possible_duplicate"],
        came_in_part().label("came_in_part"),
        *outbox.c["channel", "address"],
    )
    .join(message, message.c.id == relay.c.source_id)
    .join(_COPY, _COPY.c.id == relay.c.target_id)
    .outerjoin(outbox, outbox.c.dedupe == _KEY)
    .where(among(relay.c.source_id, "ids"))
    .order_by(_COPY.c.created_at, _COPY.c.conversation_id, _COPY.c.seq)
)
_GIVEN_MESSAGES = select(message.c.id).where(among(message.c.id, "ids"))
_READ = select(receipt.c.message_id).where(among(receipt.c.message_id, "ids"), receipt.c.status == ReceiptStatus.READ)
_CASES = select(desk_case).where(among(desk_case.c.conversation_id, "ids")).order_by(desk_case.c.number)
_NOTE = update(relay).where(relay.c.source_id == bindparam("key")).values(shown=bindparam("now_shown"), news_at=None)


class SqlDeliveryOutcomes(OnDatabase):
    """DeliveryOutcomes on a database."""

    async def lost(self, message_ids: Sequence[str]) -> frozenset[str]:
        return await self._which(_GIVEN_MESSAGES.where(was_not_delivered()), message_ids)

    async def still_to_come(self, message_ids: Sequence[str]) -> frozenset[str]:
        return await self._which(_GIVEN_MESSAGES.where(is_still_to_come()), message_ids)

    async def on_their_way(self, message_ids: Sequence[str]) -> frozenset[str]:
        first_try = outbox.c.status == DeliveryStatus.SENDING, ~outbox.c.uncertain
        held = outbox.c.lease_until > self.database.now()
        sending = select(outbox.c.message_id).where(OF_MESSAGES, *first_try, held)
        return await self._which(sending, message_ids)

    async def _which(self, wanted: Select[Any], message_ids: Sequence[str]) -> frozenset[str]:
        if not message_ids:
            return frozenset()
        given = {"ids": list(message_ids)}
        return await self.database.read(lambda connection: frozenset(connection.scalars(wanted, given)))

    @writes
    def report_outcomes(self, connection: Connection, account: str, wording: Wording, limit: int = 100) -> int:
        """See DeliveryOutcomes.report_outcomes. Rows that another transaction holds are left for the next time."""
        held = connection.scalars(_NEWS, {"most": limit}).all()
        if not held:
            return 0
        rows = connection.execute(_OUTCOMES, {"ids": held}).all()
        read = frozenset(connection.scalars(_READ, {"ids": [row.target_id for row in rows]}))
        homes = sorted({row.home for row in rows})
        cases = grouped(connection.execute(_CASES, {"ids": homes}), "conversation_id")
        told: dict[str, list[NewMessage]] = defaultdict(list)
        noted = [
            {"key": key, "now_shown": OutcomeStatus.WAITING} for key in set(held) - {row.source_id for row in rows}
        ]
        for row in rows:
            outcome = _outcome(row, row.target_id in read, cases.get(row.home, ()))
            noted.append({"key": row.source_id, "now_shown": outcome.status})
            if (
                (outcome.status is not outcome.shown or outcome.status is OutcomeStatus.PARTLY)
                and outcome.case_id
                and not outcome.taken_back
            ):
                told[outcome.case_id].extend(wording(outcome))
        self._add_to_feed(connection, account, told)
        connection.execute(_NOTE, noted)
        return len(held)

    def _add_to_feed(self, connection: Connection, account: str, told: Mapping[str, Sequence[NewMessage]]) -> None:
        cross_writes = [
            CrossConversationWrite(feed(account, case_id), tuple(said))
            for case_id, said in sorted(told.items())
            if said
        ]
        if not cross_writes:
            return
        current = lock_homes(connection, self.database, cross_writes)
        writes = Writes(self.database.timestamp())
        writes.cross_writes(current, cross_writes)
        writes.commit(connection, self.database)


def _outcome(row: Any, was_read: bool, cases: Sequence[Row[Any]]) -> DeliveryOutcome:
    """``cases``: its conversation's, the oldest first. It belongs to the last that was open when it was said.

    What the agent had said was withheld because of the last.
    """
    by_agent = row.author == Author.AGENT
    before = [case.id for case in cases if by_agent or case.opened_at <= row.said_at]
    before = before or [case.id for case in cases[:1]]
    failed = row.status in (DeliveryStatus.DEAD, DeliveryStatus.WITHHELD)
    settled = OutcomeStatus.READ if was_read else OutcomeStatus.FAILED if failed else OutcomeStatus.SENT
    if row.status == DeliveryStatus.SENT and row.last_error:
        settled = OutcomeStatus.PARTLY  # and not READ: others have not got it
    again = row.kind == MessageKind.FOLLOW_UP and row.address is not None
    return DeliveryOutcome(
        case_id=before[-1] if before else "",
        text=row.text,
        wrote_at=str(codec.load(row.meta).get("at") or ""),
        shown=OutcomeStatus(row.shown),
        status=OutcomeStatus.WAITING if row.status in _OPEN else settled,
        reason=row.last_error if settled in (OutcomeStatus.FAILED, OutcomeStatus.PARTLY) else None,
        taken_back=row.deleted_at is not None or row.last_error == TAKEN_BACK,
        follow_up=(row.channel, row.address) if again else None,
        by_agent=by_agent,
        withheld=row.status == DeliveryStatus.WITHHELD,
        arrived=Arrived.PART if row.came_in_part else Arrived.UNKNOWN if row.uncertain else Arrived.NOTHING,
        twice=bool(row.possible_duplicate),
    )
