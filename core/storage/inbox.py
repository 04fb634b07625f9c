"""Accepting: many events, a handful of statements, one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, Text, bindparam, case, func, insert, select, update

from core.domain.conversation import OwnershipEvent, OwnershipState, next_state
from core.domain.errors import InvalidInput, SessionEnded
from core.domain.messages import Author, MessageDeleted, MessageEdited, MessageReceived, RawEvent
from core.ports.channel import Accepted
from core.ports.store import Acceptable
from core.storage import codec
from core.storage.database import Database
from core.storage.ids import new_id
from core.storage.tables import (
    attachment,
    conversation,
    customer,
    identity,
    inbound_event,
    message,
    ownership_change,
    quarantine,
    widget_event,
)


@dataclass
class _Thread:
    """A locked conversation row and what this batch adds to it."""

    id: str
    state: str
    ended: bool
    last_seq: int
    done_seq: int
    event_cursor: int
    ownership_epoch: int
    window: float | None = None
    changed: bool = False
    reopened: bool = False
    locale: str | None = None


@dataclass
class _Batch:
    """Rows to write, collected while the items are looked at one by one."""

    now: float
    threads: dict[str, _Thread]
    known: dict[str, Accepted]
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)


class SqlInbox:
    """The accept path on a database."""

    def __init__(self, database: Database) -> None:
        self._inbox_db = database

    async def accept(self, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        """See Inbox.accept."""
        return await self._inbox_db.write(lambda connection: self._accept(connection, items))

    def _accept(self, connection: Connection, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        threads = self._lock(connection, items)
        known = self._known(connection, items)
        owned = self._owned_files(connection, items)
        batch = _Batch(self._inbox_db.timestamp(), threads, known)
        results: list[Accepted | Exception] = []
        for item in items:
            try:
                results.append(_place(batch, item, owned))
            except (InvalidInput, SessionEnded) as error:
                results.append(error)
        self._write(connection, batch)
        return results

    def _lock(self, connection: Connection, items: Sequence[Acceptable]) -> dict[str, _Thread]:
        wanted = {item.event.conversation.conversation_id: item for item in items}
        threads = _select_threads(connection, sorted(wanted))
        missing = sorted(
            key for key, item in wanted.items() if key not in threads and isinstance(item.event, MessageReceived)
        )
        if missing:
            self._create(connection, [wanted[key] for key in missing])
            threads.update(_select_threads(connection, missing))
        return threads

    def _create(self, connection: Connection, items: Sequence[Acceptable]) -> None:
        now = self._inbox_db.timestamp()
        people: dict[tuple[str, str, str], dict[str, Any]] = {}
        for item in items:
            assert isinstance(item.event, MessageReceived)
            sender = item.event.sender
            people[sender.channel, sender.account, sender.external_id] = {
                "channel": sender.channel,
                "account": sender.account,
                "external_id": sender.external_id,
                "customer_id": new_id(),
                "verified": sender.verified,
                "created_at": now,
            }
        customers = self._identify(connection, people, items)
        rows = []
        for item in items:
            assert isinstance(item.event, MessageReceived)
            key, sender = item.event.conversation, item.event.sender
            rows.append(
                {
                    "id": key.conversation_id,
                    "channel": key.channel,
                    "account": key.account,
                    "thread": key.thread,
                    "customer_id": customers[sender.channel, sender.account, sender.external_id],
                    "external_id": sender.external_id,
                    "state": OwnershipState.BOT,
                    "epoch": 0,
                    "ownership_epoch": 0,
                    "last_seq": 0,
                    "done_seq": 0,
                    "event_cursor": 0,
                    "ready_at": now,
                    "attempts": 0,
                    "locale": item.event.locale or sender.locale,
                    "created_at": now,
                }
            )
        connection.execute(self._inbox_db.insert_new(conversation), rows)

    def _identify(
        self,
        connection: Connection,
        people: dict[tuple[str, str, str], dict[str, Any]],
        items: Sequence[Acceptable],
    ) -> dict[tuple[str, str, str], str]:
        connection.execute(self._inbox_db.insert_new(identity), [people[key] for key in sorted(people)])
        external_ids = [key[2] for key in people]
        found = connection.execute(select(identity).where(identity.c.external_id.in_(external_ids)))
        customers = {(row.channel, row.account, row.external_id): row.customer_id for row in found}
        fresh = []
        for item in items:
            assert isinstance(item.event, MessageReceived)
            sender = item.event.sender
            fresh.append(
                {
                    "id": customers[sender.channel, sender.account, sender.external_id],
                    "display_name": sender.display_name,
                    "email": sender.email if sender.verified else None,
                    "locale": item.event.locale or sender.locale,
                    "created_at": self._inbox_db.timestamp(),
                }
            )
        connection.execute(self._inbox_db.insert_new(customer), sorted(fresh, key=lambda row: str(row["id"])))
        return customers

    def _known(self, connection: Connection, items: Sequence[Acceptable]) -> dict[str, Accepted]:
        keys = [str(item.event.key) for item in items]
        targets = [str(item.event.target) for item in items if not isinstance(item.event, MessageReceived)]
        statement = (
            select(
                inbound_event.c.event_key,
                inbound_event.c.conversation_id,
                inbound_event.c.message_id,
                message.c.seq,
                widget_event.c.cursor,
                conversation.c.state,
            )
            .join(conversation, conversation.c.id == inbound_event.c.conversation_id)
            .outerjoin(message, message.c.id == inbound_event.c.message_id)
            .outerjoin(
                widget_event,
                (widget_event.c.conversation_id == inbound_event.c.conversation_id)
                & (widget_event.c.dedupe == inbound_event.c.event_key),
            )
            .where(inbound_event.c.event_key.in_(keys + targets))
        )
        return {
            row.event_key: Accepted(
                message_id=row.message_id or "",
                conversation_id=row.conversation_id,
                seq=row.seq or 0,
                duplicate=True,
                state=row.state,
                cursor=row.cursor,
            )
            for row in connection.execute(statement)
        }

    def _owned_files(self, connection: Connection, items: Sequence[Acceptable]) -> dict[str, tuple[str, str | None]]:
        wanted = {
            file for item in items if isinstance(item.event, MessageReceived) for file in item.event.stored_attachments
        }
        if not wanted:
            return {}
        rows = connection.execute(
            select(attachment.c.id, attachment.c.conversation_id, attachment.c.message_id).where(
                attachment.c.id.in_(sorted(wanted))
            )
        )
        return {row.id: (row.conversation_id, row.message_id) for row in rows}

    def _write(self, connection: Connection, batch: _Batch) -> None:
        for table, rows in (
            (message, batch.messages),
            (inbound_event, batch.events),
            (widget_event, batch.frames),
        ):
            if rows:
                connection.execute(insert(table), rows)
        for row in batch.edits:
            connection.execute(update(message).where(message.c.id == row.pop("id")).values(**row))
        for file, owner in batch.files:
            connection.execute(update(attachment).where(attachment.c.id == file).values(message_id=owner))
        _update_threads(connection, batch, self._inbox_db.now())

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        """See Inbox.quarantine."""

        def work(connection: Connection) -> None:
            connection.execute(
                insert(quarantine).values(
                    id=new_id(),
                    channel=raw.channel,
                    account=raw.account,
                    body=raw.body,
                    headers=codec.dump(dict(raw.headers)) or "{}",
                    reason=codec.clean(reason),
                    received_at=self._inbox_db.timestamp(),
                )
            )

        await self._inbox_db.write(work)


def _select_threads(connection: Connection, ids: Sequence[str]) -> dict[str, _Thread]:
    columns = conversation.c
    rows = connection.execute(
        select(
            columns.id,
            columns.state,
            columns.ended_at,
            columns.last_seq,
            columns.done_seq,
            columns.event_cursor,
            columns.ownership_epoch,
        )
        .where(columns.id.in_(ids))
        .order_by(columns.id)
        .with_for_update()
    )
    return {
        row.id: _Thread(
            id=row.id,
            state=row.state,
            ended=row.ended_at is not None,
            last_seq=row.last_seq,
            done_seq=row.done_seq,
            event_cursor=row.event_cursor,
            ownership_epoch=row.ownership_epoch,
        )
        for row in rows
    }


def _place(batch: _Batch, item: Acceptable, owned: dict[str, tuple[str, str | None]]) -> Accepted:
    """Give one event its place in its conversation, or raise what is wrong with it."""
    known = batch.known.get(str(item.event.key))
    if known is not None:
        return known
    if isinstance(item.event, MessageReceived):
        accepted = _place_message(batch, item, item.event, owned)
    else:
        accepted = _place_change(batch, item, item.event)
    batch.events.append(
        {
            "event_key": str(item.event.key),
            "kind": type(item.event).__name__.removeprefix("Message").lower(),
            "conversation_id": accepted.conversation_id,
            "message_id": accepted.message_id,
            "raw": item.raw.body if item.raw else None,
            "received_at": batch.now,
        }
    )
    batch.known[str(item.event.key)] = Accepted(
        accepted.message_id,
        accepted.conversation_id,
        accepted.seq,
        duplicate=True,
        state=accepted.state,
        cursor=accepted.cursor,
    )
    return accepted


def _place_message(
    batch: _Batch, item: Acceptable, event: MessageReceived, owned: dict[str, tuple[str, str | None]]
) -> Accepted:
    thread = batch.threads[event.conversation.conversation_id]
    if thread.ended:
        raise SessionEnded("This conversation has ended. Start a new one.")
    for file in event.stored_attachments:
        if owned.get(file, ("", None)) != (thread.id, None):
            raise InvalidInput(f"The attachment {file} is not in this conversation, or was sent before.")
    if thread.last_seq == thread.done_seq:
        thread.window = item.window
    if thread.state == OwnershipState.RESOLVED:
        thread.state = next_state(OwnershipState.RESOLVED, OwnershipEvent.REOPEN_FOR_BOT)
        thread.ownership_epoch += 1
        thread.reopened = True
    thread.last_seq += 1
    thread.changed = True
    thread.locale = event.locale or thread.locale
    message_id = new_id()
    batch.messages.append(
        {
            "id": message_id,
            "conversation_id": thread.id,
            "seq": thread.last_seq,
            "author": Author.CUSTOMER,
            "author_name": event.sender.display_name,
            "action": event.action,
            "text": codec.clean(event.text),
            "meta": codec.dump(_inbound_meta(event, item.correlation)),
            "sent_at": event.sent_at.timestamp(),
            "created_at": batch.now,
        }
    )
    batch.files.extend((file, message_id) for file in event.stored_attachments)
    cursor = _log(batch, thread, message_id, str(event.key)) if item.in_log else None
    return Accepted(message_id, thread.id, thread.last_seq, duplicate=False, state=thread.state, cursor=cursor)


def _inbound_meta(event: MessageReceived, correlation: str | None) -> dict[str, Any]:
    meta: dict[str, Any] = {"client_id": event.key.provider_event_id.rsplit("/", 1)[-1]}
    if correlation:
        meta["correlation_id"] = correlation
    if event.reply_to:
        meta["reply_to"] = event.reply_to
    if event.attachments:
        meta["attachment_refs"] = [
            {"id": ref.id, "name": ref.name, "media_type": ref.media_type, "size": ref.size, "url": ref.url}
            for ref in event.attachments
        ]
    return meta


def _log(batch: _Batch, thread: _Thread, message_id: str, dedupe: str) -> int:
    thread.event_cursor += 1
    batch.frames.append(
        {
            "conversation_id": thread.id,
            "cursor": thread.event_cursor,
            "kind": "message",
            "message_id": message_id,
            "dedupe": dedupe,
            "provisional": False,
            "created_at": batch.now,
        }
    )
    return thread.event_cursor


def _place_change(batch: _Batch, item: Acceptable, event: MessageEdited | MessageDeleted) -> Accepted:
    target = batch.known.get(str(event.target))
    thread = batch.threads.get(event.conversation.conversation_id)
    if target is None or thread is None or target.conversation_id != thread.id:
        raise InvalidInput("The message to change is not in this conversation.")
    row: dict[str, Any] = {"id": target.message_id}
    if isinstance(event, MessageEdited):
        row |= {"text": codec.clean(event.text), "edited_at": batch.now}
    else:
        row |= {"text": "", "deleted_at": batch.now}
    batch.edits.append(row)
    return Accepted(target.message_id, thread.id, target.seq, duplicate=False, state=thread.state, cursor=target.cursor)


def _update_threads(connection: Connection, batch: _Batch, now: ColumnElement[float]) -> None:
    changed = [thread for thread in batch.threads.values() if thread.changed]
    if not changed:
        return
    columns = conversation.c
    window = bindparam("window", type_=Double)
    statement = (
        update(conversation)
        .where(columns.id == bindparam("key"))
        .values(
            last_seq=bindparam("new_last_seq"),
            event_cursor=bindparam("new_cursor"),
            state=bindparam("new_state"),
            ownership_epoch=bindparam("new_ownership_epoch"),
            locale=func.coalesce(bindparam("new_locale", type_=Text), columns.locale),
            ready_at=case((window >= 0, now + window), else_=columns.ready_at),
        )
    )
    rows = [
        {
            "key": thread.id,
            "new_last_seq": thread.last_seq,
            "new_cursor": thread.event_cursor,
            "new_state": thread.state,
            "new_ownership_epoch": thread.ownership_epoch,
            "new_locale": thread.locale,
            "window": -1.0 if thread.window is None else thread.window,
        }
        for thread in changed
    ]
    connection.execute(statement, rows)
    _audit_reopened(connection, batch)


def _audit_reopened(connection: Connection, batch: _Batch) -> None:
    rows = [
        {
            "conversation_id": thread.id,
            "ownership_epoch": thread.ownership_epoch,
            "event": OwnershipEvent.REOPEN_FOR_BOT,
            "from_state": OwnershipState.RESOLVED,
            "to_state": thread.state,
            "created_at": batch.now,
        }
        for thread in batch.threads.values()
        if thread.reopened
    ]
    if rows:
        connection.execute(insert(ownership_change), rows)
