"""Short ways to say what happens in a test: who wrote what, and what the hub answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core.domain.attachments import Attachment
from core.domain.conversation import Conversation, OwnershipEvent
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Author, MessageDeleted, MessageEdited, MessageKind, MessageReceived
from core.ports.channel import Accepted
from core.ports.store import (
    Acceptable,
    Claim,
    CrossConversationWrite,
    NewMessage,
    Store,
    Transition,
    TurnOutcome,
    TurnState,
)

CHANNEL = "web"
ACCOUNT = "main"
LEASE = 5.0
SENT_AT = datetime(2026, 11, 21, 8, 59, tzinfo=UTC)


def thread(name: str = "t1") -> ConversationKey:
    """A conversation."""
    return ConversationKey(CHANNEL, ACCOUNT, name)


def event_key(event: str) -> EventKey:
    """The provider's id of an event."""
    return EventKey(CHANNEL, ACCOUNT, event)


def customer(external_id: str = "ada", **fields: Any) -> Identity:
    """Who writes."""
    return Identity(CHANNEL, ACCOUNT, external_id, **fields)


def said(event: str, text: str = "Hello", *, where: str = "t1", who: Identity | None = None, **fields: Any) -> Any:
    """A customer's message."""
    return MessageReceived(
        key=event_key(event),
        conversation=thread(where),
        sender=who or customer(f"of {where}"),
        text=text,
        sent_at=SENT_AT,
        **fields,
    )


def edited(event: str, target: str, text: str, *, where: str = "t1") -> MessageEdited:
    """A customer changed a message."""
    return MessageEdited(event_key(event), thread(where), event_key(target), text, SENT_AT)


def deleted(event: str, target: str, *, where: str = "t1") -> MessageDeleted:
    """A customer took a message back."""
    return MessageDeleted(event_key(event), thread(where), event_key(target), SENT_AT)


def item(event: Any, **fields: Any) -> Acceptable:
    """An event on its way in."""
    return Acceptable(event, **fields)


async def accept(store: Store, *events: Any, in_log: bool = False, window: float = 0.0) -> list[Accepted]:
    """Accept all in one commit; none of them may be refused."""
    results = await store.accept([Acceptable(event, in_log=in_log, window=window) for event in events])
    accepted: list[Accepted] = []
    for result in results:
        if isinstance(result, Exception):
            raise result
        accepted.append(result)
    return accepted


async def claim(store: Store, limit: int = 10, *, lease: float = LEASE, history: int = 20) -> Sequence[TurnState]:
    """Claim conversations."""
    return await store.claim(limit, lease, history=history)


async def claim_one(store: Store) -> TurnState:
    """Claim the only conversation that has work."""
    (state,) = await claim(store)
    return state


def answer(text: str = "An answer", *, author: Author = Author.AGENT, **fields: Any) -> NewMessage:
    """What the hub says."""
    kind = MessageKind.NOTICE if author == Author.SYSTEM else MessageKind.ANSWER
    return NewMessage(author, text, kind, **fields)


def outcome(state: TurnState, *messages: NewMessage, event: OwnershipEvent | None = None, **fields: Any) -> TurnOutcome:
    """A turn that handled all that was pending when it was claimed."""
    return TurnOutcome(
        state.claim,
        handled_seq=state.pending[-1].seq if state.pending else state.conversation.last_seq,
        messages=messages,
        transition=Transition(event) if event else None,
        **fields,
    )


async def finish(store: Store, state: TurnState, *messages: NewMessage, event: OwnershipEvent | None = None) -> bool:
    """Commit a turn; whether it was still held."""
    (finished,) = await store.finish([outcome(state, *messages, event=event)])
    return finished.held


async def answered(store: Store, *texts: str, where: str = "t1", event: str = "e1") -> str:
    """A conversation in which a question got ``texts`` as answers, not delivered yet. Its id."""
    (accepted,) = await accept(store, said(event, where=where))
    states = {state.conversation.id: state for state in await claim(store)}
    assert await finish(store, states[accepted.conversation_id], *(answer(text) for text in texts))
    return accepted.conversation_id


def file(identifier: str = "f1", **fields: Any) -> Attachment:
    """A stored file."""
    given = {"name": "plan.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64, "storage_key": "k"}
    return Attachment(id=identifier, **{**given, **fields})


def stale(claimed: Claim) -> Claim:
    """The same conversation under a fence that was never given."""
    return Claim(claimed.conversation_id, claimed.epoch - 1)


async def change_owner(
    store: Any, conversation_id: str, transition: Transition, messages: Sequence[NewMessage] = ()
) -> Conversation:
    """Somebody changes a conversation's owner outside its turns, whatever happened to it since they looked."""
    before = await store.conversation(conversation_id)
    assert await store.decide([CrossConversationWrite(before.key, tuple(messages), transition)], ())
    after: Conversation = await store.conversation(conversation_id)
    return after
