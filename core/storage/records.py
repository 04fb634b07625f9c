"""Reads and small writes beside the message path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.case import DESK
from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Customer, Identity
from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey
from core.domain.messages import Audience, Author, ChangeKind, Message
from core.ports.store import MANY_ATTEMPTS
from core.storage import codec
from core.storage.attachments import load_files
from core.storage.conversation_inserts import conversation_row
from core.storage.database import OnDatabase, reads, writes
from core.storage.delivered import is_said, is_still_to_come, was_not_delivered
from core.storage.desk_tables import ticket
from core.storage.gaps import keep_thumbs
from core.storage.ids import new_id
from core.storage.links import PERSON, person_of
from core.storage.tables import (
    attachment,
    change,
    conversation,
    customer,
    feedback,
    identity,
    lease,
    message,
    outbox,
    quarantine,
)
from core.storage.unreadable import HOW_MANY


def _count(table: Table, *which: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(table).where(*which)


_FAILING = _count(
    conversation, conversation.c.done_seq < conversation.c.last_seq, conversation.c.attempts >= MANY_ATTEMPTS
)
_HOLD_MESSAGE = select(message.c.id).where(message.c.id == bindparam("of")).with_for_update(read=True)
_ROOM = 256 * 1024  # bytes: what a hub that is to take new work should have left


class SqlRecords(OnDatabase):
    """Records on a database."""

    @reads
    def conversation(self, connection: Connection, conversation_id: str) -> Conversation | None:
        row = connection.execute(select(conversation).where(conversation.c.id == conversation_id)).first()
        return codec.conversation_from(row) if row else None

    @reads
    def customer(
        self,
        connection: Connection,
        conversation_id: str,
        case_id: str | None = None,
        customer_id: str | None = None,
    ) -> Customer | None:
        """See Records.customer. Whose a case is says its ticket. ``customer_id``: of somebody else who wrote there."""
        whose: ColumnElement[str] = conversation.c.customer_id
        if customer_id is not None:
            whose = literal(customer_id)
        if case_id is not None:
            of_case = select(ticket.c.customer_id).where(ticket.c.case_id == case_id).scalar_subquery()
            whose = func.coalesce(of_case, whose)
        statement: Select[Any] = (
            select(*PERSON, conversation.c.shared)
            .select_from(conversation)
            .join(customer, customer.c.id == whose)
            .join(identity, identity.c.customer_id == customer.c.id)
            .where(conversation.c.id == conversation_id)
        )
        row = connection.execute(statement).first()
        return codec.customer_from(row, private=row.shared is None) if row else None

    @writes
    def end_conversation(self, connection: Connection, key: ConversationKey, sender: Identity) -> None:
        now = self.database.timestamp()
        new = conversation_row(key, customer_id=new_id(), external_id=sender.external_id, now=now)
        connection.execute(self.database.insert_new(conversation), new)
        statement = select(conversation).where(conversation.c.id == key.conversation_id).with_for_update()
        row = connection.execute(statement).one()
        connection.execute(
            update(conversation).where(conversation.c.id == key.conversation_id).values(ended_at=now, road=None)
        )
        with_people = row.state in (OwnershipState.QUEUED, OwnershipState.STAFF)
        if row.ended_at is None and (with_people or row.last_seq > row.done_seq):  # what waits may be for people
            self._record_end(connection, row)

    def _record_end(self, connection: Connection, row: Any) -> None:
        """A place among what is pending, so that staff read it behind the last message, and once."""
        spoken = message.c.conversation_id == row.id, message.c.author == Author.CUSTOMER
        last = connection.scalar(select(message.c.id).where(*spoken).order_by(message.c.seq.desc()).limit(1))
        if last is None:
            return
        seq, now = row.last_seq + 1, self.database.timestamp()
        told = {"conversation_id": row.id, "seq": seq, "kind": ChangeKind.ENDED, "message_id": last, "created_at": now}
        connection.execute(insert(change), told)
        waiting = {"ready_at": self.database.now()} if row.done_seq >= row.last_seq else {}
        connection.execute(update(conversation).where(conversation.c.id == row.id).values(last_seq=seq, **waiting))

    @writes
    def add_attachment(self, connection: Connection, conversation_id: str, file: Attachment) -> None:
        row = codec.attachment_row(file, file.id, conversation_id, None, self.database.timestamp())
        connection.execute(insert(attachment), row)

    @writes
    def attach(self, connection: Connection, conversation_id: str, message_id: str, file: Attachment) -> bool:
        if connection.execute(_HOLD_MESSAGE, {"of": message_id}).first() is None:
            return False  # its customer was erased meanwhile
        row = codec.attachment_row(file, file.id, conversation_id, message_id, self.database.timestamp())
        given_up = attachment.c.id == file.id, attachment.c.storage_key == ""
        if connection.execute(self.database.insert_new(attachment), row).rowcount > 0:
            return True
        if not file.storage_key:
            return False  # a late failure takes nothing away
        return connection.execute(update(attachment).where(*given_up).values(row)).rowcount > 0

    @reads
    def attachment(self, connection: Connection, attachment_id: str) -> tuple[str, Attachment] | None:
        row = connection.execute(select(attachment).where(attachment.c.id == attachment_id)).first()
        return (row.conversation_id, codec.attachment_from(row)) if row else None

    @writes
    def set_extraction(
        self,
        connection: Connection,
        attachment_id: str,
        status: ExtractionStatus,
        extracted: str | None,
        error: str | None,
    ) -> None:
        columns = attachment.c
        # Two processes may read one file: a text that one of them found outlives the other's failure.
        free = [columns.extraction == ExtractionStatus.PENDING] if status is not ExtractionStatus.READY else []
        connection.execute(
            update(attachment)
            .where(columns.id == attachment_id, *free)
            .values(
                extraction=status,
                text=codec.cleaned(extracted),
                error=codec.cleaned(error),
            )
        )

    @reads
    def messages(
        self, connection: Connection, conversation_id: str, *, after: int = 0, limit: int = 100
    ) -> Sequence[Message]:
        statement = (
            select(message)
            .where(message.c.conversation_id == conversation_id, message.c.seq > after, is_said())
            .order_by(message.c.seq)
            .limit(limit)
        )
        return _with_files(connection, connection.execute(statement).all())

    @reads
    def customer_messages(
        self, connection: Connection, channel: str, account: str, external_id: str, limit: int
    ) -> Sequence[Message]:
        """See Records.customer_messages. Where somebody proved to be that person, nobody else's messages count.

        What was withheld or could not be delivered never reached them, so it is not shown to them either; nor is what waits to
        be sent: whoever wrote it may take it back in time, and the agent's may be withheld.
        """
        who = (
            select(identity.c.customer_id)
            .where(
                identity.c.channel == channel,
                identity.c.account == account,
                identity.c.external_id == external_id,
            )
            .order_by(identity.c.verified.desc())
            .limit(1)
            .scalar_subquery()
        )
        statement = (
            select(message)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(conversation.c.customer_id.in_(person_of(who)), message.c.customer_id.is_(None), is_said())
            .where(conversation.c.audience == Audience.CUSTOMER, conversation.c.channel != DESK)
            .where(~was_not_delivered(), ~is_still_to_come())
            .order_by(message.c.created_at.desc(), message.c.seq.desc())
            .limit(limit)
        )
        return _with_files(connection, connection.execute(statement).all())

    @writes
    def record_feedback(
        self, connection: Connection, conversation_id: str, message_id: str, rating: str, comment: str | None
    ) -> bool:
        about = select(message.c.id).where(
            message.c.id == message_id,
            message.c.conversation_id == conversation_id,
            message.c.author.in_([Author.AGENT, Author.STAFF]),
        )
        statement = self.database.upsert(feedback, ["message_id"], ["rating", "comment", "created_at"])
        now = self.database.timestamp()
        if connection.execute(about).first() is None:
            return False
        connection.execute(
            statement.values(
                message_id=message_id,
                conversation_id=conversation_id,
                rating=rating,
                comment=codec.cleaned(comment),
                created_at=now,
            )
        )
        keep_thumbs(connection, self.database, now, {message_id: rating})
        return True

    @reads
    def counts(self, connection: Connection) -> Mapping[str, int]:
        gauges = {
            "conversations_pending": _count(conversation, conversation.c.done_seq < conversation.c.last_seq),
            "conversations_queued": _count(conversation, conversation.c.state == OwnershipState.QUEUED),
            "deliveries_due": _count(outbox, outbox.c.status.in_([DeliveryStatus.DUE, DeliveryStatus.SENDING])),
            "deliveries_dead": _count(outbox, outbox.c.status == DeliveryStatus.DEAD),
            "conversations_unreadable": HOW_MANY,
            "conversations_failing": _FAILING,
            "events_quarantined": _count(quarantine),
        }
        return {name: int(connection.scalar(statement) or 0) for name, statement in gauges.items()}

    @reads
    def unreadable(self, connection: Connection) -> int:
        """How many customers wait in conversations whose rows cannot be read."""
        return int(connection.scalar(HOW_MANY) or 0)

    @reads
    def failing(self, connection: Connection) -> int:
        """In how many conversations with work every turn fails, or ends its worker."""
        return int(connection.scalar(_FAILING) or 0)

    async def ping(self) -> None:
        def work(connection: Connection) -> None:
            connection.execute(text("SELECT 1"))

        await self.database.read(work)
        if not self.database.writes:
            await self.database.write(self._try_to_write)
            self.database.writes = True

    def _try_to_write(self, connection: Connection) -> None:
        """Something could not be committed: see whether it can be now."""
        name = f"can be written {new_id()}"
        connection.execute(insert(lease).values(name=name, holder="x" * _ROOM, until=0.0))
        connection.execute(delete(lease).where(lease.c.name == name))


def _with_files(connection: Connection, rows: Sequence[Any]) -> list[Message]:
    files = load_files(connection, [row.id for row in rows])
    return [codec.message_from(row, files.get(row.id, ())) for row in rows]
