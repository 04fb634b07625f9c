"""Accepting: many events, a handful of statements, one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Update, insert, select, update

from core.domain.conversation import OwnershipEvent, OwnershipState, Sharing
from core.domain.errors import InvalidInput, Outdated, SessionEnded
from core.domain.messages import (
    Audience,
    ConversationEvent,
    DeliveryReported,
    MessageReceived,
    RawEvent,
    ReactionChanged,
)
from core.domain.thumbs import Rating, rating_of
from core.ports.channel import Accepted
from core.ports.store import Acceptable
from core.storage import codec
from core.storage.accept_statements import (
    ADD_CHANGE,
    ADD_EVENT,
    ADD_FRAME,
    ADD_MESSAGE,
    KNOWN,
    RENAME,
    SEEN,
    THREADS,
    WRITTEN,
    thread_update,
)
from core.storage.channel_memory import keep_notes
from core.storage.contact_routes import ANSWERS_WITHIN, note_answers, route_answers
from core.storage.conversation_inserts import MessageAuthor, Person, create_conversations, find_known, identify, person
from core.storage.database import Database, OnDatabase, writes
from core.storage.ids import new_id
from core.storage.inbox_batch import Batch, Thread, can_be_stored, is_by_another, place
from core.storage.memories import take_back
from core.storage.reports import find_sent, keep_reactions, keep_report, rate_by_thumbs
from core.storage.tables import (
    attachment,
    message,
    ownership_change,
    quarantine,
)


class SqlInbox(OnDatabase):
    """The accept path on a database."""

    def __init__(self, database: Database, answers_within: float = ANSWERS_WITHIN) -> None:
        super().__init__(database)
        self._answers_within = answers_within
        self._thread_update = thread_update(database)

    @writes
    def accept(self, connection: Connection, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        items, routes = route_answers(connection, items, self.database.timestamp() - self._answers_within)
        possible = [
            item.event for item in items if not isinstance(item.event, DeliveryReported) and can_be_stored(item.event)
        ]
        threads = self._lock(connection, possible)
        known = self._known(connection, possible)
        outdated = self._keep_notes(connection, [one for one in possible if str(one.key) not in known])
        files = self._owned_files(connection, possible)
        told = known.keys() | routes.keys()
        others = self._identify_others(connection, threads, [one for one in possible if str(one.key) not in told])
        batch = Batch(self.database.timestamp(), threads, known, files, routes=routes, others=others)
        results: list[Accepted | Exception] = []
        for item in items:
            try:
                if str(item.event.key) in outdated:
                    results.append(Outdated("What was to be remembered with it has changed."))
                elif isinstance(item.event, DeliveryReported):
                    results.append(keep_report(connection, self.database, item.event, batch.now))
                else:
                    results.append(place(batch, item, item.event))
            except (InvalidInput, SessionEnded) as error:
                results.append(error)
        self._write(connection, batch)
        return _with_ratings(items, results, rate_by_thumbs(connection, self.database, batch.rated, batch.now))

    def _keep_notes(self, connection: Connection, events: Sequence[ConversationEvent]) -> frozenset[str]:
        """Of all new messages. The keys of those whose notes are outdated."""
        messages = [event for event in events if isinstance(event, MessageReceived)]
        wanted = [(note, str(event.key)) for event in messages for note in event.notes]
        kept = keep_notes(connection, self.database, [note for note, _ in wanted])
        return frozenset(key for (note, key), done in zip(wanted, kept, strict=True) if note.needed and not done)

    def _lock(self, connection: Connection, events: Sequence[ConversationEvent]) -> dict[str, Thread]:
        """Of a conversation whose customer was erased, what was known before brings nobody back; anything new begins it anew."""
        threads = _select_threads(connection, sorted({event.conversation.conversation_id for event in events}))
        erased = {one.id for one in threads.values() if not one.customer_id and one.audience != Audience.STAFF}
        again = [str(one.key) for one in events if one.conversation.conversation_id in erased]
        seen = set(connection.scalars(SEEN, {"keys": again})) if again else set()
        first: dict[str, MessageReceived] = {}
        for event in events:
            if isinstance(event, MessageReceived) and str(event.key) not in seen:
                first.setdefault(event.conversation.conversation_id, event)
        missing = sorted((first.keys() - threads.keys()) | (first.keys() & erased))
        if missing:
            create_conversations(connection, self.database, [first[key] for key in missing], anew=bool(erased))
            threads.update(_select_threads(connection, missing))
        return threads

    def _identify_others(
        self, connection: Connection, threads: Mapping[str, Thread], events: Sequence[ConversationEvent]
    ) -> Mapping[Person, MessageAuthor]:
        """Authors of messages and reactions who did not begin the conversation. A lone message has none: no statement."""
        messages = [event for event in events if isinstance(event, MessageReceived)]
        theirs = [one for one in messages if is_by_another(threads[one.conversation.conversation_id], one)]
        others = identify(connection, self.database, theirs) if theirs else {}
        reactions = [event for event in events if isinstance(event, ReactionChanged)]
        placed = [(threads.get(one.conversation.conversation_id), person(one.sender)) for one in reactions]
        reactors = {who for thread, who in placed if thread is not None and who != thread.person}
        return others | find_known(connection, reactors - others.keys())

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

    def _write(self, connection: Connection, batch: Batch) -> None:
        for statement, rows in (
            (ADD_MESSAGE, batch.messages),
            (ADD_EVENT, batch.events),
            (ADD_FRAME, batch.frames),
            (ADD_CHANGE, batch.changes),
            (RENAME, [{"of": key, "name": name} for key, name in sorted(batch.names.items())]),
        ):
            if rows:
                connection.execute(statement, rows)
        altered = [row["id"] for row in batch.edits]
        for row in batch.edits:
            changed = message.c.id == row.pop("id"), message.c.deleted_at.is_(None)
            connection.execute(update(message).where(*changed).values(**row))
        take_back(connection, altered)
        for file, owner in batch.files:
            connection.execute(update(attachment).where(attachment.c.id == file).values(message_id=owner))
        keep_reactions(connection, self.database, batch.reactions)
        note_answers(connection, batch.taken, [thread.id for thread in batch.threads.values() if thread.back])
        _update_threads(connection, batch, self._thread_update)

    @writes
    def quarantine(self, connection: Connection, raw: RawEvent, reason: str) -> None:
        connection.execute(
            insert(quarantine).values(
                id=new_id(),
                channel=raw.channel,
                account=raw.account,
                body=raw.body,
                headers=codec.dump(dict(raw.headers)) or "{}",
                reason=codec.clean(reason),
                received_at=self.database.timestamp(),
            )
        )


def _with_ratings(
    items: Sequence[Acceptable], results: Sequence[Accepted | Exception], ratings: Mapping[str, Rating]
) -> Sequence[Accepted | Exception]:
    """Each rating that is news told once: by the last event of this batch that says so."""
    left, told = dict(ratings), list(results)
    for number in reversed(range(len(items))):
        event, result = items[number].event, told[number]
        if not left or not isinstance(event, ReactionChanged) or not isinstance(result, Accepted):
            continue
        if event.present and not result.duplicate and left.get(result.message_id) == rating_of(event.emoji):
            told[number] = replace(result, rating=left.pop(result.message_id, None))
    return told


def _accepted_before(connection: Connection, keys: Sequence[str]) -> dict[str, Accepted]:
    return {
        row.event_key: Accepted(
            message_id=row.message_id or "",
            conversation_id=row.conversation_id,
            seq=row.seq or 0,
            duplicate=True,
            state=row.state,
            cursor=row.cursor,
            blocked=bool(row.blocked),
        )
        for row in connection.execute(KNOWN, {"keys": keys})
    }


def _select_threads(connection: Connection, ids: Sequence[str]) -> dict[str, Thread]:
    rows = connection.execute(THREADS, {"ids": ids})
    return {row.id: Thread(**{**row._asdict(), "shared": codec.sharing(row.shared)}) for row in rows}


def _update_threads(connection: Connection, batch: Batch, statement: Update) -> None:
    changed = [thread for thread in batch.threads.values() if thread.changed]
    if not changed:
        return
    rows = [
        {
            **{f"new_{name}": getattr(thread, name) for name in WRITTEN},
            "key": thread.id,
            "new_shared": None if thread.shared is Sharing.NEVER else thread.shared,
            "reopened": thread.reopened,
            "new_locale": thread.locale,
            "window": -1.0 if thread.window is None else thread.window,
            "is_album": thread.is_album,
            "at": batch.now,
        }
        for thread in changed
    ]
    connection.execute(statement, rows)
    _audit_reopened(connection, batch)


def _audit_reopened(connection: Connection, batch: Batch) -> None:
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
