"""The desk's cases, their timers, what was relayed for them, and what customers wrote before and after staff read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, literal, select, text, update
from sqlalchemy.types import Double

from core.domain.case import DESK, Case
from core.domain.customer import Writer
from core.domain.delivery import DeliveryStatus
from core.domain.keys import EventKey
from core.domain.messages import Author, CustomerAction, Message
from core.domain.timers import TimerKind
from core.ports.cases import ReadMessage
from core.ports.outcomes import CaseRecord, ClearTimers, CloseCase, KeepComment, KeepRating, OpenCase, Recall, SetTimer
from core.storage import codec
from core.storage.among import among
from core.storage.blocks import is_blocked, keep_blocks
from core.storage.case_files import keep_notes
from core.storage.database import Database, OnDatabase, grouped, reads
from core.storage.delivered import OF_MESSAGES
from core.storage.desk_tables import desk_case, desk_timer, rating, relay
from core.storage.gaps import keep_bad_ratings
from core.storage.ids import new_id
from core.storage.learning import keep_learning
from core.storage.links import keep_links
from core.storage.personal_scope import keep_erasures
from core.storage.relay_updates import TAKEN_BACK
from core.storage.tables import OPEN_DELIVERY, conversation, customer, identity, inbound_event, message, outbox, receipt
from core.storage.tickets import keep_tickets

_CHANGED = ["conversation_id", "stage", "token", "detail", "set_at", "due_at", "attempts"]
_OF_CASE = delete(desk_timer).where(desk_timer.c.case_id == bindparam("of_case"))
_CLEAR_ALL = _OF_CASE.where(desk_timer.c.kind != TimerKind.FOLLOW_UP)
_CLEAR = _OF_CASE.where(among(desk_timer.c.kind, "kinds"))

_AUTHOR = func.coalesce(message.c.customer_id, conversation.c.customer_id)
WRITTEN_SINCE = (
    select(func.min(message.c.created_at))
    .select_from(message)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(
        message.c.conversation_id == bindparam("home"),
        message.c.author == Author.CUSTOMER,
        message.c.action.is_distinct_from(CustomerAction.RATE),
        message.c.created_at > bindparam("since"),
        message.c.deleted_at.is_(None),
        ~is_blocked(_AUTHOR),
    )
)
"""When customers first did whom staff have not blocked; nothing where none has. To press a score is no writing."""
_LAST_OF_AUTHOR = (
    select(_AUTHOR.label("author"), func.max(message.c.seq).label("seq"))
    .select_from(message)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(message.c.conversation_id == bindparam("home"), message.c.author == Author.CUSTOMER)
    .group_by(_AUTHOR)
    .subquery()
)
_MOST_WRITERS = 100
_MOST_READ = 50
WRITERS = (
    select(customer.c.id, customer.c.display_name, identity.c.external_id)
    .join(_LAST_OF_AUTHOR, _LAST_OF_AUTHOR.c.author == customer.c.id)
    .join(identity, identity.c.customer_id == customer.c.id)
    .order_by(_LAST_OF_AUTHOR.c.seq.desc())
    .limit(_MOST_WRITERS)
)
"""Who wrote in a conversation, whoever wrote last first; of very many the last."""
READ_BY_STAFF = (
    select(customer.c.id, identity.c.external_id, message.c.meta)
    .select_from(message)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .join(customer, customer.c.id == _AUTHOR)
    .join(identity, identity.c.customer_id == customer.c.id)
    .where(
        message.c.conversation_id == bindparam("home"),
        message.c.author == Author.CUSTOMER,
        message.c.created_at <= bindparam("until"),
        message.c.seq <= conversation.c.done_seq,
        identity.c.channel == conversation.c.channel,
        ~is_blocked(customer.c.id),
    )
    .order_by(message.c.seq.desc())
    .limit(_MOST_READ)
)
"""What staff had been shown by a moment, the last first. What is pending they have not been shown, nor what the blocked write."""
_OF = select(desk_case).order_by(desk_case.c.number.desc()).limit(1)
_PARTS = (
    select(receipt.c.message_id, receipt.c.provider_id)
    .where(among(receipt.c.message_id, "ids"))
    .order_by(receipt.c.created_at, receipt.c.provider_id)
)
_COPIES = select(relay.c.source_id, relay.c.target_id).where(among(relay.c.source_id, "ids"))
_DELIVERIES = select(outbox.c.message_id, outbox.c.dedupe).where(OF_MESSAGES)
_WAITING = _DELIVERIES.where(outbox.c.status == DeliveryStatus.DUE, ~outbox.c.uncertain, outbox.c.parts_done == 0)
_LOCK_WAITING = _WAITING.with_for_update(skip_locked=True)


def keep_timers(connection: Connection, database: Database, records: Sequence[CaseRecord], now: float) -> None:
    """In the order of the records; case by case, so that two commits take their rows in the same order."""
    found = [one for one in records if isinstance(one, SetTimer | ClearTimers | CloseCase)]
    for record in sorted(found, key=lambda one: one.case_id):
        if isinstance(record, SetTimer):
            _set(connection, database, record, now)
        elif isinstance(record, ClearTimers):
            _clear(connection, database, record, now)
        else:
            connection.execute(_CLEAR_ALL, {"of_case": record.case_id})


def _clear(connection: Connection, database: Database, record: ClearTimers, now: float) -> None:
    """Under the lock of the customer's conversation: whoever writes later sets a timer by the turn that shows it."""
    connection.execute(_CLEAR, {"of_case": record.case_id, "kinds": [str(kind) for kind in record.kinds]})
    if record.read_until is None or record.instead is None:
        return
    wanted = {"home": Case.home(record.case_id), "since": record.read_until.timestamp()}
    since = connection.scalar(WRITTEN_SINCE, wanted)
    if since is not None:
        _set(connection, database, replace(record.instead, detail=str(since)), now)


def _set(connection: Connection, database: Database, record: SetTimer, now: float) -> None:
    """By the database's clock: the process that sets it need not be the one that sees it come due."""
    key = ["case_id", "kind"]
    insert = database.insert_new(desk_timer) if record.keep else database.upsert(desk_timer, key, _CHANGED)
    row = {
        "case_id": record.case_id,
        "kind": str(record.kind),
        "conversation_id": Case.home(record.case_id),
        "stage": record.stage,
        "token": new_id(),
        "detail": codec.cleaned(record.detail),
        "set_at": now,
        "due_at": database.now() + literal(record.after, Double),
        "attempts": 0,
    }
    connection.execute(insert.values(row))


def _being_sent(database: Database) -> Select[Any]:
    return select(outbox.c.conversation_id).where(
        among(outbox.c.conversation_id, "ids"),
        text(OPEN_DELIVERY),  # written out: a partial index is used only for what is known when planning
        outbox.c.status == DeliveryStatus.SENDING,
        outbox.c.author == Author.AGENT,
        outbox.c.lease_until > database.now(),
    )


def agent_speaks(connection: Connection, database: Database, ids: Sequence[str]) -> frozenset[str]:
    """Conversations in which a message of the agent's is on its way. Under their locks nobody can begin another."""
    return frozenset(connection.scalars(_being_sent(database), {"ids": list(ids)})) if ids else frozenset()


def lock_waiting(connection: Connection, message_ids: Sequence[str]) -> frozenset[str]:
    """Those that wait, held until the commit. One that is just being claimed is not waited for: it holds its row first."""
    return _waiting(connection, _LOCK_WAITING, message_ids) if message_ids else frozenset()


def _waiting(connection: Connection, waiting: Select[Any], message_ids: Sequence[str]) -> frozenset[str]:
    """A message that goes by two routes waits as long as it has begun on neither."""
    ids = {"ids": list(message_ids)}
    untouched = {(row.message_id, row.dedupe) for row in connection.execute(waiting, ids)}
    begun = {row.message_id for row in connection.execute(_DELIVERIES, ids) if tuple(row) not in untouched}
    return frozenset(message_id for message_id, _ in untouched) - begun


def recall(connection: Connection, recalls: Iterable[Recall], now: float) -> None:
    """Change or withhold messages that wait, and whose rows are held."""
    for one in recalls:
        if one.text is not None:
            _reword(connection, one, one.text)
            continue
        connection.execute(
            update(outbox)
            .where(OF_MESSAGES, outbox.c.status == DeliveryStatus.DUE)
            .values(status=DeliveryStatus.WITHHELD, settled_at=now, last_error=TAKEN_BACK),
            {"ids": [one.message_id]},
        )


def _reword(connection: Connection, one: Recall, words: str) -> None:
    """Under the lock of the message's conversation, so that nobody else's change of its meta is lost."""
    itself = message.c.id == one.message_id
    values: dict[str, str | None] = {"text": codec.clean(words)}
    if one.meta:
        meta = {**codec.load(connection.scalar(select(message.c.meta).where(itself))), **one.meta}
        values["meta"] = codec.dump({name: value for name, value in meta.items() if value is not None})
    connection.execute(update(message).where(itself).values(values))


def keep_cases(connection: Connection, database: Database, records: Sequence[CaseRecord], now: float) -> None:
    """Write what turns decided; the same decision again changes nothing."""
    for record in records:
        if isinstance(record, OpenCase):
            connection.execute(database.insert_new(desk_case), _row(record.case))
            reopened = desk_case.c.id == record.case.id, desk_case.c.closed_at.is_not(None)
            connection.execute(update(desk_case).where(*reopened).values(closed_at=None))
        elif isinstance(record, CloseCase):
            ended = desk_case.c.id == record.case_id, desk_case.c.closed_at.is_(None)
            connection.execute(update(desk_case).where(*ended).values(closed_at=now))
        elif isinstance(record, KeepRating):
            row = {"case_id": record.case_id, "conversation_id": Case.home(record.case_id), "score": record.score}
            connection.execute(database.upsert(rating, ["case_id"], ["score"]), row | {"created_at": now})
        elif isinstance(record, KeepComment):
            comment = codec.clean(record.text)
            connection.execute(update(rating).where(rating.c.case_id == record.case_id).values(comment=comment))
    keep_timers(connection, database, records, now)
    keep_tickets(connection, database, records, now)
    keep_bad_ratings(connection, database, records, now)
    keep_learning(connection, database, records, now)
    keep_notes(connection, database, records, now)
    keep_blocks(connection, records, now)
    keep_links(connection, database, records, now)
    keep_erasures(connection, database, records, now)


class SqlCases(OnDatabase):
    """Cases on a database."""

    async def open_case(self, conversation_id: str) -> Case | None:
        return await self._one(
            _OF.where(desk_case.c.conversation_id == conversation_id, desk_case.c.closed_at.is_(None))
        )

    async def last_case(self, conversation_id: str) -> Case | None:
        return await self._one(_OF.where(desk_case.c.conversation_id == conversation_id))

    async def case(self, case_id: str) -> Case | None:
        return await self._one(select(desk_case).where(desk_case.c.id == case_id))

    @reads
    def case_shown_at(self, connection: Connection, account: str, provider_id: str) -> str | None:
        statement = (
            select(conversation.c.thread)
            .join(receipt, receipt.c.conversation_id == conversation.c.id)
            .where(receipt.c.channel == DESK, receipt.c.account == account, receipt.c.provider_id == provider_id)
        )
        return connection.scalar(statement)

    async def shown_as(self, message_ids: Sequence[str]) -> Mapping[str, str]:
        return {key: ids[0] for key, ids in (await self.parts(message_ids)).items()}

    async def parts(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        if not message_ids:
            return {}
        wanted = {"ids": list(message_ids)}
        rows = await self.database.read(lambda connection: connection.execute(_PARTS, wanted).all())
        return {key: [row.provider_id for row in own] for key, own in grouped(rows, "message_id").items()}

    async def copied_from(self, account: str, provider_id: str) -> str | None:
        statement = (
            select(message.c.meta)
            .join(relay, relay.c.source_id == message.c.id)
            .join(receipt, receipt.c.message_id == relay.c.target_id)
            .where(receipt.c.channel == DESK, receipt.c.account == account, receipt.c.provider_id == provider_id)
        )
        found = codec.load(await self.database.read(lambda connection: connection.scalar(statement)))
        return str(found["at"]) if "at" in found else None

    @reads
    def first_shown(self, connection: Connection, conversation_id: str) -> str | None:
        statement = (
            select(receipt.c.provider_id)
            .join(message, message.c.id == receipt.c.message_id)
            .where(message.c.conversation_id == conversation_id)
            .order_by(message.c.seq, receipt.c.created_at, receipt.c.provider_id)
            .limit(1)
        )
        return connection.scalar(statement)

    async def copies(self, message_ids: Sequence[str]) -> Mapping[str, str]:
        if not message_ids:
            return {}
        wanted = {"ids": list(message_ids)}
        rows = await self.database.read(lambda connection: connection.execute(_COPIES, wanted).all())
        return {row.source_id: row.target_id for row in rows}

    @reads
    def said(self, connection: Connection, message_id: str) -> Message | None:
        return _message(connection, select(message).where(message.c.id == message_id))

    @reads
    def said_with(self, connection: Connection, event: EventKey) -> Message | None:
        statement = (
            select(message)
            .join(inbound_event, inbound_event.c.message_id == message.c.id)
            .where(inbound_event.c.event_key == str(event))
        )
        return _message(connection, statement)

    async def waiting(self, message_ids: Sequence[str]) -> frozenset[str]:
        if not message_ids:
            return frozenset()
        return await self.database.read(lambda connection: _waiting(connection, _WAITING, message_ids))

    async def rating(self, case_id: str) -> tuple[int, str | None] | None:
        statement = select(rating.c.score, rating.c.comment).where(rating.c.case_id == case_id)
        row = await self.database.read(lambda connection: connection.execute(statement).first())
        return None if row is None else (row.score, row.comment)

    @reads
    def written_since(self, connection: Connection, conversation_id: str, moment: datetime) -> datetime | None:
        wanted = {"home": conversation_id, "since": moment.timestamp()}
        return codec.when_given(connection.scalar(WRITTEN_SINCE, wanted))

    @reads
    def read_by_staff(self, connection: Connection, conversation_id: str, moment: datetime) -> Sequence[ReadMessage]:
        rows = connection.execute(READ_BY_STAFF, {"home": conversation_id, "until": moment.timestamp()})
        return tuple(ReadMessage(row.id, row.external_id, codec.load(row.meta)) for row in rows)

    @reads
    def writers(self, connection: Connection, conversation_id: str) -> Sequence[Writer]:
        found: dict[str, Writer] = {}
        for row in connection.execute(WRITERS, {"home": conversation_id}):
            known = found.setdefault(row.external_id, Writer((), row.external_id, row.display_name))
            ids = (*known.customer_ids, row.id)
            found[row.external_id] = replace(known, customer_ids=ids)
        return tuple(found.values())

    @reads
    def being_sent(self, connection: Connection, conversation_id: str) -> int:
        return len(connection.scalars(_being_sent(self.database), {"ids": [conversation_id]}).all())

    async def _one(self, statement: Select[Any]) -> Case | None:
        row = await self.database.read(lambda connection: connection.execute(statement).first())
        return None if row is None else case_from(row)


def _message(connection: Connection, statement: Select[Any]) -> Message | None:
    row = connection.execute(statement).first()
    return None if row is None else codec.message_from(row)


def case_from(row: Row[Any]) -> Case:
    """A case as it is stored."""
    opened_at, closed_at = codec.when(row.opened_at), codec.when_given(row.closed_at)
    return codec.from_row(Case, row, opened_at=opened_at, closed_at=closed_at)


def _row(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "conversation_id": case.conversation_id,
        "number": case.number,
        "reason": codec.clean(case.reason),
        "requested_by": codec.clean(case.requested_by),
        "urgency": codec.clean(case.urgency),
        "opened_at": case.opened_at.timestamp(),
        "closed_at": None,
    }
