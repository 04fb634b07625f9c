"""Accepting: many events, a handful of statements, one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Update, insert, select, update

from core.domain.conversation import OwnershipEvent, OwnershipState, next_state
from core.domain.errors import InvalidInput, SessionEnded, UnknownMessage
from core.domain.messages import (
    Author,
    ConversationEvent,
    DeliveryReported,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    RawEvent,
    ReactionChanged,
)
from core.ports.channel import Accepted
from core.ports.store import Acceptable
from core.storage import codec
from core.storage.accept_statements import ADD_EVENT, ADD_FRAME, ADD_MESSAGE, KNOWN, SEEN, THREADS, moved
from core.storage.database import Database
from core.storage.ids import new_id
from core.storage.newcomers import create_conversations
from core.storage.reports import find_sent, keep_reactions, keep_report, reaction_row
from core.storage.tables import (
    attachment,
    message,
    ownership_change,
    quarantine,
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
    epoch: int
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
    owned: dict[str, tuple[str, str | None]]
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    reactions: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)


class SqlInbox:
    """The accept path on a database."""

    def __init__(self, database: Database) -> None:
        self._inbox_db = database
        self._moved = moved(database)

    async def accept(self, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        """See Inbox.accept."""
        return await self._inbox_db.write(lambda connection: self._accept(connection, items))

    def _accept(self, connection: Connection, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        possible = [
            item.event for item in items if not isinstance(item.event, DeliveryReported) and _can_be_stored(item.event)
        ]
        threads = self._lock(connection, possible)
        known = self._known(connection, possible)
        batch = _Batch(self._inbox_db.timestamp(), threads, known, self._owned_files(connection, possible))
        results: list[Accepted | Exception] = []
        for item in items:
            try:
                if isinstance(item.event, DeliveryReported):
                    results.append(keep_report(connection, self._inbox_db, item.event, batch.now))
                else:
                    results.append(_place(batch, item, item.event))
            except (InvalidInput, SessionEnded) as error:
                results.append(error)
        self._write(connection, batch)
        return results

    def _lock(self, connection: Connection, events: Sequence[ConversationEvent]) -> dict[str, _Thread]:
        threads = _select_threads(connection, sorted({event.conversation.conversation_id for event in events}))
        first: dict[str, MessageReceived] = {}
        for event in events:
            if isinstance(event, MessageReceived):
                first.setdefault(event.conversation.conversation_id, event)
        missing = sorted(first.keys() - threads.keys())
        if missing:
            create_conversations(connection, self._inbox_db, [first[key] for key in missing])
            threads.update(_select_threads(connection, missing))
        return threads

    def _known(self, connection: Connection, events: Sequence[ConversationEvent]) -> dict[str, Accepted]:
        keys = [str(event.key) for event in events]
        targets = [str(event.target) for event in events if not isinstance(event, MessageReceived)]
        known: dict[str, Accepted] = {}
        if seen := connection.scalars(SEEN, {"keys": keys + targets}).all():  # seldom: what follows joins four tables
            known = _accepted_before(connection, seen)
        reactions = [event for event in events if isinstance(event, ReactionChanged)]
        known.update(find_sent(connection, [event for event in reactions if str(event.target) not in known]))
        return known

    def _owned_files(
        self, connection: Connection, events: Sequence[ConversationEvent]
    ) -> dict[str, tuple[str, str | None]]:
        wanted = {file for event in events if isinstance(event, MessageReceived) for file in event.stored_attachments}
        if not wanted:
            return {}
        rows = connection.execute(
            select(attachment.c.id, attachment.c.conversation_id, attachment.c.message_id).where(
                attachment.c.id.in_(sorted(wanted))
            )
        )
        return {row.id: (row.conversation_id, row.message_id) for row in rows}

    def _write(self, connection: Connection, batch: _Batch) -> None:
        for statement, rows in (
            (ADD_MESSAGE, batch.messages),
            (ADD_EVENT, batch.events),
            (ADD_FRAME, batch.frames),
        ):
            if rows:
                connection.execute(statement, rows)
        for row in batch.edits:
            changed = message.c.id == row.pop("id"), message.c.deleted_at.is_(None)
            connection.execute(update(message).where(*changed).values(**row))
        for file, owner in batch.files:
            connection.execute(update(attachment).where(attachment.c.id == file).values(message_id=owner))
        keep_reactions(connection, self._inbox_db, batch.reactions)
        _update_threads(connection, batch, self._moved)

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


def _accepted_before(connection: Connection, keys: Sequence[str]) -> dict[str, Accepted]:
    return {
        row.event_key: Accepted(
            message_id=row.message_id or "",
            conversation_id=row.conversation_id,
            seq=row.seq or 0,
            duplicate=True,
            state=row.state,
            cursor=row.cursor,
        )
        for row in connection.execute(KNOWN, {"keys": keys})
    }


def _select_threads(connection: Connection, ids: Sequence[str]) -> dict[str, _Thread]:
    rows = connection.execute(THREADS, {"ids": ids})
    return {
        row.id: _Thread(
            id=row.id,
            state=row.state,
            ended=row.ended_at is not None,
            last_seq=row.last_seq,
            done_seq=row.done_seq,
            event_cursor=row.event_cursor,
            ownership_epoch=row.ownership_epoch,
            epoch=row.epoch,
        )
        for row in rows
    }


def _can_be_stored(event: ConversationEvent) -> bool:
    """Whether the ids in it survive in a column: answers go to them, so they cannot be mended as a text can."""
    ids = [event.conversation.channel, event.conversation.account, event.conversation.thread]
    if isinstance(event, MessageReceived):
        ids += [event.sender.channel, event.sender.account, event.sender.external_id, *event.stored_attachments]
    return all(codec.storable(text) for text in ids)


def _place(batch: _Batch, item: Acceptable, event: ConversationEvent) -> Accepted:
    """Give one event its place in its conversation, or raise what is wrong with it."""
    if not _can_be_stored(event):
        raise InvalidInput("An id in this event holds NUL or half a surrogate pair.")
    known = batch.known.get(str(event.key))
    if known is not None:
        return known
    if isinstance(event, MessageReceived):
        accepted = _place_message(batch, item, event)
    elif isinstance(event, ReactionChanged):
        accepted = _place_reaction(batch, event)
    else:
        accepted = _place_change(batch, event)
    batch.events.append(
        {
            "event_key": str(event.key),
            "kind": type(event).__name__.removeprefix("Message").removesuffix("Changed").lower(),
            "conversation_id": accepted.conversation_id,
            "message_id": accepted.message_id,
            "raw": item.raw.body if item.raw else None,
            "received_at": batch.now,
        }
    )
    batch.known[str(event.key)] = Accepted(
        accepted.message_id,
        accepted.conversation_id,
        accepted.seq,
        duplicate=True,
        state=accepted.state,
        cursor=accepted.cursor,
    )
    return accepted


def _place_message(batch: _Batch, item: Acceptable, event: MessageReceived) -> Accepted:
    thread = batch.threads[event.conversation.conversation_id]
    if thread.ended:
        raise SessionEnded("This conversation has ended. Start a new one.")
    for file in event.stored_attachments:
        if batch.owned.get(file, ("", None)) != (thread.id, None):
            raise InvalidInput(f"The attachment {file} is not in this conversation, or was sent before.")
    if thread.last_seq == thread.done_seq:
        thread.window = item.window
    if thread.state == OwnershipState.RESOLVED:
        thread.state = next_state(OwnershipState.RESOLVED, OwnershipEvent.REOPEN_FOR_BOT)
        thread.ownership_epoch += 1
        thread.epoch += 1
        thread.reopened = True
    thread.last_seq += 1
    thread.changed = True
    thread.locale = codec.locale(event.locale) or thread.locale
    message_id = new_id()
    batch.messages.append(
        {
            "id": message_id,
            "conversation_id": thread.id,
            "seq": thread.last_seq,
            "author": Author.CUSTOMER,
            "author_name": codec.cleaned(event.sender.display_name),
            "action": event.action,
            "text": codec.clean(event.text),
            "meta": codec.dump(_inbound_meta(event, item.correlation)),
            "sent_at": event.sent_at.timestamp(),
            "created_at": batch.now,
        }
    )
    for file in event.stored_attachments:
        batch.files.append((file, message_id))
        batch.owned[file] = (thread.id, message_id)
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


def _place_change(batch: _Batch, event: MessageEdited | MessageDeleted) -> Accepted:
    target, thread = _target(batch, event)
    row: dict[str, Any] = {"id": target.message_id}
    if isinstance(event, MessageEdited):
        row |= {"text": codec.clean(event.text), "edited_at": batch.now}
    else:
        row |= {"text": "", "deleted_at": batch.now}
    batch.edits.append(row)
    return Accepted(target.message_id, thread.id, target.seq, duplicate=False, state=thread.state)


def _place_reaction(batch: _Batch, event: ReactionChanged) -> Accepted:
    target, thread = _target(batch, event)
    batch.reactions.append(reaction_row(event, target))
    return Accepted(target.message_id, thread.id, target.seq, duplicate=False, state=thread.state)


def _target(batch: _Batch, event: MessageEdited | MessageDeleted | ReactionChanged) -> tuple[Accepted, _Thread]:
    target = batch.known.get(str(event.target))
    thread = batch.threads.get(event.conversation.conversation_id)
    if target is None or thread is None or target.conversation_id != thread.id:
        raise UnknownMessage("The message that this is about is not in this conversation.")
    return target, thread


def _update_threads(connection: Connection, batch: _Batch, statement: Update) -> None:
    changed = [thread for thread in batch.threads.values() if thread.changed]
    if not changed:
        return
    rows = [
        {
            "key": thread.id,
            "new_last_seq": thread.last_seq,
            "new_cursor": thread.event_cursor,
            "new_state": thread.state,
            "new_ownership_epoch": thread.ownership_epoch,
            "new_epoch": thread.epoch,
            "reopened": thread.reopened,
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
