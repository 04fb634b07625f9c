"""Accepting: many events, a handful of statements, one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import (
    Boolean,
    Connection,
    Double,
    Text,
    Update,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from core.domain.conversation import OwnershipEvent, OwnershipState, Sharing
from core.domain.errors import InvalidInput, Outdated, SessionEnded
from core.domain.messages import (
    Audience,
    Author,
    ConversationEvent,
    DeliveryReported,
    MessageReceived,
    RawEvent,
    ReactionChanged,
)
from core.domain.thumbs import Rating, rating_of
from core.ports.channel import Accepted
from core.ports.store import MANY_ATTEMPTS, Acceptable
from core.storage import codec
from core.storage.among import among
from core.storage.blocks import is_blocked
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
    change,
    conversation,
    customer,
    identity,
    inbound_event,
    message,
    ownership_change,
    quarantine,
    widget_event,
)

# Built once: to build a statement costs more than to execute it.
_SEEN = select(inbound_event.c.event_key).where(among(inbound_event.c.event_key, "keys"))
_KNOWN = (
    select(
        *inbound_event.c["event_key", "conversation_id", "message_id"],
        message.c.seq,
        widget_event.c.cursor,
        conversation.c.state,
        and_(
            message.c.author == Author.CUSTOMER,
            is_blocked(func.coalesce(message.c.customer_id, conversation.c.customer_id)),
        ).label("blocked"),
    )
    .join(conversation, conversation.c.id == inbound_event.c.conversation_id)
    .outerjoin(message, message.c.id == inbound_event.c.message_id)
    .outerjoin(
        widget_event,
        (widget_event.c.conversation_id == inbound_event.c.conversation_id)
        & (widget_event.c.dedupe == inbound_event.c.event_key),
    )
    .where(among(inbound_event.c.event_key, "keys"))
)
_IS_PROVEN = select(identity.c.verified).where(identity.c.customer_id == conversation.c.customer_id).scalar_subquery()
_NAME = select(customer.c.display_name).where(customer.c.id == conversation.c.customer_id).scalar_subquery()
_WRITTEN = ("last_seq", "event_cursor", "state", "ownership_epoch", "epoch", "road", "audience")
"""Columns of a conversation as a batch leaves them."""
_READ = (
    *_WRITTEN,
    *("id", "channel", "account", "external_id", "customer_id", "done_seq", "ended_at", "shared", "lease_until"),
)
_THREADS = (
    select(
        *(conversation.c[name] for name in _READ),
        _IS_PROVEN.label("verified"),
        _NAME.label("name"),
        is_blocked(conversation.c.customer_id).label("blocked"),
    )
    .where(among(conversation.c.id, "ids"))
    .order_by(conversation.c.id)
    .with_for_update()
)
_ADD_MESSAGE, _ADD_EVENT, _ADD_FRAME = insert(message), insert(inbound_event), insert(widget_event)
_ADD_CHANGE = insert(change)
_RENAME = update(customer).where(customer.c.id == bindparam("of")).values(display_name=bindparam("name", type_=Text))
_ALBUM_PARTS = 10
"""The most that Telegram puts in one (https://core.telegram.org/bots/api#sendmediagroup)."""
_OLDEST_PENDING = (
    select(message.c.created_at)
    .where(message.c.conversation_id == conversation.c.id, message.c.seq > conversation.c.done_seq)
    .order_by(message.c.seq)
    .limit(1)
    .correlate(conversation)
    .scalar_subquery()
)


class SqlInbox(OnDatabase):
    """The accept path on a database."""

    def __init__(self, database: Database, answers_within: float = ANSWERS_WITHIN) -> None:
        super().__init__(database)
        self._answers_within = answers_within
        self._thread_update = _thread_update(database)

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
        seen = set(connection.scalars(_SEEN, {"keys": again})) if again else set()
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
        if seen := connection.scalars(_SEEN, {"keys": keys + targets}).all():  # seldom: what follows joins four tables
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
            (_ADD_MESSAGE, batch.messages),
            (_ADD_EVENT, batch.events),
            (_ADD_FRAME, batch.frames),
            (_ADD_CHANGE, batch.changes),
            (_RENAME, [{"of": key, "name": name} for key, name in sorted(batch.names.items())]),
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
        for row in connection.execute(_KNOWN, {"keys": keys})
    }


def _select_threads(connection: Connection, ids: Sequence[str]) -> dict[str, Thread]:
    rows = connection.execute(_THREADS, {"ids": ids})
    return {row.id: Thread(**{**row._asdict(), "shared": codec.sharing(row.shared)}) for row in rows}


def _update_threads(connection: Connection, batch: Batch, statement: Update) -> None:
    changed = [thread for thread in batch.threads.values() if thread.changed]
    if not changed:
        return
    rows = [
        {
            **{f"new_{name}": getattr(thread, name) for name in _WRITTEN},
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


def _thread_update(database: Database) -> Update:
    """What a batch changes in a conversation's row.

    Each part of an album begins the wait anew, but not once the oldest pending message has waited for a whole album, or whoever
    sends albums without end keeps the others from their answers. While a turn holds the conversation, nobody waits for it.
    What comes while an answer waits for the channel's pace is read with what came before (see turn_writes).
    """
    columns, now = conversation.c, database.now()
    window, reopened = bindparam("window", type_=Double), bindparam("reopened", type_=Boolean)
    waited = bindparam("at", type_=Double) - _OLDEST_PENDING
    waits = or_(not_(bindparam("is_album", type_=Boolean)), columns.lease_until > now, waited < _ALBUM_PARTS * window)
    answer_waits = and_(columns.ready_at > now, columns.ready_at == columns.send_after)
    sets = and_(window >= 0, columns.attempts < MANY_ATTEMPTS, waits, func.coalesce(not_(answer_waits), literal(True)))
    return (
        update(conversation)
        .where(columns.id == bindparam("key"))
        .values(
            **{name: bindparam(f"new_{name}") for name in _WRITTEN},
            shared=bindparam("new_shared"),
            owner=case((reopened, None), else_=columns.owner),
            lease_until=case((reopened, None), else_=columns.lease_until),
            locale=func.coalesce(bindparam("new_locale", type_=Text), columns.locale),
            ready_at=case((sets, now + window), else_=columns.ready_at),
        )
    )
