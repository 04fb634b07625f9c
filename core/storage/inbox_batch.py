"""What a batch of events becomes: each is given its place in its conversation, or told what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.domain.budget import ORIGIN
from core.domain.contact_route import ContactRoute
from core.domain.conversation import OwnershipEvent, OwnershipState, Sharing, next_state
from core.domain.errors import InvalidInput, SessionEnded, UnknownMessage
from core.domain.keys import EventKey
from core.domain.messages import (
    ADDRESSED,
    BLOCKED,
    CAME_BY,
    CAUTION,
    COLLEAGUE,
    FOR_RECORD,
    LEFT_OUT,
    REACTED_BY,
    SHARED,
    Audience,
    Author,
    ChangeKind,
    ConversationEvent,
    CustomerAction,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    RawEvent,
    ReactionChanged,
)
from core.domain.readers import READERS
from core.domain.thumbs import rating_of
from core.ports.channel import Accepted
from core.ports.event_log import LogFrame, LoggedFrame
from core.ports.store import Acceptable
from core.storage import codec
from core.storage.conversation_inserts import MessageAuthor, Person, person
from core.storage.event_log import frame_row
from core.storage.ids import new_id
from core.storage.reports import reaction_row


@dataclass
class Thread:
    """A locked conversation row and what this batch adds to it. ``back``: its customer writes where they began, after all.

    ``customer_id``: who wrote first, called ``name`` as far as known; ``blocked``: by staff. ``window``: seconds to wait for
    more messages, None to change nothing; ``is_album``: wait only until the oldest pending message has waited for a whole album.
    """

    id: str
    customer_id: str
    channel: str
    account: str
    external_id: str
    verified: bool
    state: str
    ended_at: float | None
    last_seq: int
    done_seq: int
    event_cursor: int
    ownership_epoch: int
    epoch: int
    audience: str
    lease_until: float | None = None
    name: str | None = None
    window: float | None = None
    is_album: bool = False
    changed: bool = False
    reopened: bool = False
    locale: str | None = None
    road: str | None = None
    back: bool = False
    shared: Sharing = Sharing.NEVER
    blocked: bool = False

    @property
    def person(self) -> Person:
        """Who wrote first."""
        return (self.channel, self.account, self.external_id, bool(self.verified))


@dataclass
class Batch:
    """Rows to write, collected while the items are looked at one by one. ``routes``: by which events came, by their keys.

    ``others``: those who write in conversations that others began. ``names``: new ones of customers, by their ids.
    """

    now: float
    threads: dict[str, Thread]
    known: dict[str, Accepted]
    owned: dict[str, tuple[str, str | None]]
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)
    reactions: list[dict[str, Any]] = field(default_factory=list)
    rated: set[str] = field(default_factory=set)
    changes: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    routes: dict[str, ContactRoute] = field(default_factory=dict)
    others: Mapping[Person, MessageAuthor] = field(default_factory=dict)
    taken: list[tuple[str, ContactRoute]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def can_be_stored(event: ConversationEvent) -> bool:
    """Whether the ids in it survive in a column: answers go to them, so they cannot be mended as a text can."""
    ids = [event.conversation.channel, event.conversation.account, event.conversation.thread]
    if isinstance(event, MessageReceived):
        ids += [event.sender.channel, event.sender.account, event.sender.external_id, *event.stored_attachments]
    return all(codec.storable(text) for text in ids)


def is_by_another(thread: Thread, event: MessageReceived) -> bool:
    """Whether somebody else wrote it than who began the conversation. Staff are no customers, whoever they are."""
    return event.audience is not Audience.STAFF and person(event.sender) != thread.person


def _writer_name(batch: Batch, thread: Thread, event: MessageReceived) -> str | None:
    """The name in the message, else the known one of who began the conversation. None for what came by a route.

    Learn the name where it is new: most platforms have it in each message, Slack once it was looked up.
    """
    if str(event.key) in batch.routes:
        return None
    name = codec.cleaned(event.sender.display_name) or None
    if event.audience is Audience.STAFF or is_by_another(thread, event):
        return name
    if name is not None and name != thread.name:
        thread.name = batch.names[thread.customer_id] = name
    return thread.name


def author_of(batch: Batch, thread: Thread, event: MessageReceived) -> MessageAuthor:
    """The customer who wrote the message. What came by a route counts as written by the conversation's customer (ADR 9)."""
    if str(event.key) in batch.routes or not is_by_another(thread, event):
        return MessageAuthor(thread.customer_id, thread.blocked and event.audience is not Audience.STAFF)
    return batch.others[person(event.sender)]


def place(batch: Batch, item: Acceptable, event: ConversationEvent) -> Accepted:
    """Give one event its place in its conversation, or raise what is wrong with it."""
    if not can_be_stored(event):
        raise InvalidInput("An id in this event holds NUL or half a surrogate pair.")
    known = batch.known.get(str(event.key))
    if known is not None:
        return known
    if isinstance(event, MessageReceived):
        accepted = _place_message(batch, item, event)
    elif isinstance(event, ReactionChanged):
        accepted = _place_reaction(batch, item, event)
    else:
        accepted = _place_change(batch, event)
    kind = type(event).__name__.removeprefix("Message").removesuffix("Changed").lower()
    _note_event(batch, event.key, kind, accepted, item.raw)
    batch.known[str(event.key)] = replace(accepted, duplicate=True, frame=None)
    return accepted


def _place_message(batch: Batch, item: Acceptable, event: MessageReceived) -> Accepted:
    thread = batch.threads[event.conversation.conversation_id]
    if thread.ended_at is not None:
        raise SessionEnded("This conversation has ended. Start a new one.")
    for file in event.stored_attachments:
        if batch.owned.get(file, ("", None)) != (thread.id, None):
            raise InvalidInput(f"The attachment {file} is not in this conversation, or was sent before.")
    author, blocked = author_of(batch, thread, event)
    colleague = event.by_staff and author != thread.customer_id
    rates = event.action is CustomerAction.RATE
    goes_on = event.album is not None and not blocked  # the rest of an album may be as late as this
    if goes_on or thread.last_seq == thread.done_seq:
        thread.window, thread.is_album = item.window, goes_on
    if event.audience is Audience.STAFF:
        thread.audience = Audience.STAFF  # also where customers wrote before the channel was theirs
    elif thread.state == OwnershipState.RESOLVED and not (
        event.caution or event.for_record or blocked or colleague or rates
    ):
        _reopen(thread)  # what somebody else may have written, or is only kept, brings nobody back
    _share(thread, event)
    thread.last_seq += 1
    thread.changed = True
    if author == thread.customer_id:
        thread.locale = codec.locale(event.locale) or thread.locale
    route = None if blocked or colleague else _answered_route(batch, thread, event)
    message_id = new_id()
    batch.messages.append(
        {
            "id": message_id,
            "conversation_id": thread.id,
            "seq": thread.last_seq,
            "author": Author.STAFF if colleague or thread.audience == Audience.STAFF else Author.CUSTOMER,
            "author_name": _writer_name(batch, thread, event),
            "action": event.action,
            "text": codec.clean(event.text),
            "meta": codec.dump(
                _inbound_meta(event, item.correlation, route)
                | ({BLOCKED: True} if blocked else {})
                | ({COLLEAGUE: True} if colleague else {})
            ),
            "sent_at": event.sent_at.timestamp(),
            "created_at": batch.now,
            "customer_id": None if author == thread.customer_id else author,
        }
    )
    if blocked:
        return Accepted(message_id, thread.id, thread.last_seq, duplicate=False, state=thread.state, blocked=True)
    seq = thread.last_seq
    if colleague:
        _tell(batch, thread, ChangeKind.SAID, message_id)
    _take_files(batch, event, message_id)
    accepted = Accepted(message_id, thread.id, seq, duplicate=False, state=thread.state)
    return _log(batch, thread, event, accepted) if item.in_log else accepted


def _take_files(batch: Batch, event: MessageReceived, message_id: str) -> None:
    for file in event.stored_attachments:
        batch.files.append((file, message_id))
        batch.owned[file] = (event.conversation.conversation_id, message_id)


def _share(thread: Thread, event: MessageReceived) -> None:
    if event.action is CustomerAction.RATE:  # pressed in private, wherever the conversation is
        return
    read_by_all = Sharing.SOMETIMES if event.answered_alone else Sharing.ALWAYS
    now = read_by_all if event.shared else Sharing.NEVER
    thread.shared = now if thread.last_seq == 0 or thread.shared is now else Sharing.SOMETIMES


def _reopen(thread: Thread) -> None:
    """The agent answers. Where it needs a person soon after one resolved the case, that case goes on (TurnState.comes_back)."""
    thread.reopened = True
    thread.state = next_state(OwnershipState.RESOLVED, OwnershipEvent.REOPEN_FOR_BOT)
    thread.ownership_epoch += 1
    thread.epoch += 1


def _answered_route(batch: Batch, thread: Thread, event: MessageReceived) -> ContactRoute | None:
    """What is said from now on goes by the route that the customer took last. Who they are, it does not tell."""
    route = batch.routes.get(str(event.key))
    if route is not None:
        thread.road, thread.back = codec.route_to(route, taken=True), False
        batch.taken.append((thread.id, route))
    elif thread.road is not None:
        thread.road, thread.back = None, True
    return route


def _inbound_meta(event: MessageReceived, correlation: str | None, route: ContactRoute | None) -> dict[str, Any]:
    named = event.key.provider_event_id
    meta: dict[str, Any] = {"client_id": named.rsplit("/", 1)[-1], "at": named}
    if route is not None:
        meta[CAME_BY] = {"channel": route.key.channel, "account": route.key.account}
    said = {
        "sender": event.sender.external_id if event.audience is Audience.STAFF else None,
        "correlation_id": correlation,
        "reply_to": event.reply_to,
        CAUTION: event.caution,
        FOR_RECORD: event.for_record,
        SHARED: event.shared,
        ORIGIN: event.origin,
        LEFT_OUT: list(event.left_out),
        READERS: [asdict(one) for one in event.readers],
        "attachment_refs": [
            {"id": ref.id, "name": ref.name, "media_type": ref.media_type, "size": ref.size, "url": ref.url}
            for ref in event.attachments
        ],
    }
    addressed = {} if event.addressed is None else {ADDRESSED: event.addressed}
    return meta | addressed | {name: value for name, value in said.items() if value}


def _log(batch: Batch, thread: Thread, event: MessageReceived, accepted: Accepted) -> Accepted:
    """The message that was placed last."""
    thread.event_cursor += 1
    cursor = thread.event_cursor
    frame = LogFrame("message", message_id=accepted.message_id, dedupe=str(event.key))
    batch.frames.append(frame_row(thread.id, cursor, frame, batch.now))
    if event.stored_attachments:
        return replace(accepted, cursor=cursor)
    written = codec.message_written(batch.messages[-1])
    return replace(accepted, cursor=cursor, frame=LoggedFrame(cursor, "message", {}, None, written))


def _place_change(batch: Batch, event: MessageEdited | MessageDeleted) -> Accepted:
    if isinstance(event, MessageDeleted) and (never := _gone_before_it_came(batch, event)) is not None:
        return never
    target, thread = _target(batch, event)
    if target.blocked and isinstance(event, MessageEdited):
        return replace(target, duplicate=False)
    row: dict[str, Any] = {"id": target.message_id}
    if isinstance(event, MessageEdited):
        row |= {"text": codec.clean(event.text), "edited_at": batch.now}
    else:
        row |= {"text": "", "deleted_at": batch.now}
    batch.edits.append(row)
    kind = ChangeKind.EDITED if isinstance(event, MessageEdited) else ChangeKind.DELETED
    answered_now = _is_answered_now(batch, thread, target)
    _tell(batch, thread, kind, target.message_id, always=answered_now)
    seq = thread.last_seq if answered_now else target.seq
    return Accepted(target.message_id, thread.id, seq, duplicate=False, state=thread.state)


def _is_answered_now(batch: Batch, thread: Thread, target: Accepted) -> bool:
    """Whether a turn of the agent has the message as it was: it begins anew (core.stream), or brings people in, who are told."""
    at_work = thread.lease_until is not None and thread.lease_until > batch.now
    agents = thread.audience != Audience.STAFF and thread.state in (OwnershipState.BOT, OwnershipState.RESOLVED)
    return at_work and agents and not target.blocked and target.seq > thread.done_seq


def _gone_before_it_came(batch: Batch, event: MessageDeleted) -> Accepted | None:
    """What staff have deleted is not sent to a customer when the platform delivers it after all: it counts as seen from now on.

    Slack repeats each event by itself (docs.slack.dev/apis/events-api, "Retries"), so after an outage a deletion may be first.
    """
    thread, target = batch.threads.get(event.conversation.conversation_id), batch.known.get(str(event.target))
    if thread is None or event.audience is not Audience.STAFF or (target is not None and target.message_id):
        return None
    never = Accepted("", thread.id, 0, duplicate=False, state=thread.state)
    if target is None:
        batch.known[str(event.target)] = replace(never, duplicate=True)
        _note_event(batch, event.target, "gone", never)
    return never


def _note_event(batch: Batch, key: EventKey, kind: str, accepted: Accepted, raw: RawEvent | None = None) -> None:
    batch.events.append(
        {
            "event_key": str(key),
            "kind": kind,
            "conversation_id": accepted.conversation_id,
            "message_id": accepted.message_id or None,
            "raw": raw.body if raw else None,
            "received_at": batch.now,
        }
    )


def _place_reaction(batch: Batch, item: Acceptable, event: ReactionChanged) -> Accepted:
    target, thread = _target(batch, event)
    accepted = Accepted(target.message_id, thread.id, target.seq, duplicate=False, state=thread.state)
    if _is_blocked(batch, thread, event):
        return replace(accepted, blocked=True)
    batch.reactions.append(reaction_row(event, target))
    if item.rates and thread.audience != Audience.STAFF and rating_of(event.emoji) is not None:
        batch.rated.add(target.message_id)
    by = codec.cleaned(event.sender.display_name)
    detail: dict[str, Any] = {"emoji": event.emoji, "present": event.present, REACTED_BY: by}
    _tell(batch, thread, ChangeKind.REACTED, target.message_id, detail)
    return accepted


def _is_blocked(batch: Batch, thread: Thread, event: ReactionChanged) -> bool:
    """Whether staff have blocked the customer who reacts. Staff themselves are never."""
    if thread.audience == Audience.STAFF:
        return False
    reactor = person(event.sender)
    known = batch.others.get(reactor)
    return thread.blocked if reactor == thread.person else known is not None and known.blocked


def _tell(
    batch: Batch,
    thread: Thread,
    kind: ChangeKind,
    message_id: str,
    detail: Mapping[str, Any] | None = None,
    *,
    always: bool = False,
) -> None:
    """Where a person has been shown the message, or ``always``, they are to be told: a place among what is still to be done."""
    shown = thread.audience == Audience.STAFF or thread.state in (OwnershipState.QUEUED, OwnershipState.STAFF)
    if not shown and not always:
        return
    thread.last_seq += 1
    thread.changed = True
    batch.changes.append(
        {
            "conversation_id": thread.id,
            "seq": thread.last_seq,
            "kind": kind,
            "message_id": message_id,
            "detail": codec.dump(detail),
            "created_at": batch.now,
        }
    )


def _target(batch: Batch, event: MessageEdited | MessageDeleted | ReactionChanged) -> tuple[Accepted, Thread]:
    target = batch.known.get(str(event.target))
    thread = batch.threads.get(event.conversation.conversation_id)
    if target is None or thread is None or target.conversation_id != thread.id or not target.message_id:
        raise UnknownMessage("The message that this is about is not in this conversation.")
    return target, thread
