"""What came of experiments is counted by customers, from what was noted with their answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core.domain.conversation import Escalation, OwnershipEvent
from core.domain.customer import Identity
from core.domain.experiments import EXPERIMENT_META, ArmOutcome
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Author, MessageKind, MessageReceived
from core.ports.store import NewMessage, Transition
from core.storage import experiment_outcomes
from core.storage.desk_tables import rating
from core.storage.store import SqlStore
from core.storage.tables import feedback, message
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import SENT_AT, accept, claim, outcome
from tests.contract.stores.test_personal import note_without, told_staff


def marked(arm: str | None, kind: MessageKind = MessageKind.ANSWER, **meta: object) -> NewMessage:
    """What the agent says in an arm."""
    noted = {} if arm is None else {EXPERIMENT_META: {"name": "tone", "arm": arm}}
    author = Author.SYSTEM if kind is MessageKind.NOTICE else Author.AGENT
    return NewMessage(author, "Said", kind, meta={**noted, **meta})


class Desk:
    """Customers who write, each in one conversation of theirs."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.events = 0

    async def turn(self, who: str, *messages: NewMessage, escalate: bool = False) -> str:
        """One turn for this customer; the conversation's id."""
        self.events += 1
        key = ConversationKey("sms", "AC1", who)
        event = MessageReceived(
            EventKey("sms", "AC1", f"e{self.events}"), key, Identity("sms", "AC1", who), "Hello", SENT_AT
        )
        await accept(self.store, event)
        (state,) = await claim(self.store)
        changed = Transition(OwnershipEvent.ESCALATE, escalation=Escalation("asked")) if escalate else None
        (finished,) = await self.store.finish([replace(outcome(state, *messages), transition=changed)])
        assert finished.held
        return state.conversation.id

    async def insert(self, table: Any, **values: object) -> None:
        await self.store.database.write(lambda connection: connection.execute(table.insert(), values))

    async def thumb(self, conversation_id: str, given: str) -> None:
        """On the conversation's last message."""
        last = select(message.c.id).where(message.c.conversation_id == conversation_id).order_by(message.c.seq.desc())
        found = await self.store.database.read(lambda connection: connection.scalar(last))
        values = {"message_id": found, "conversation_id": conversation_id, "rating": given}
        await self.insert(feedback, **values, created_at=1.0)

    async def rate(self, conversation_id: str, score: int, at: float) -> None:
        """A case of the conversation."""
        values = {"case_id": f"{conversation_id}-{score}", "conversation_id": conversation_id, "score": score}
        await self.insert(rating, **values, created_at=at)


@BOTH_DATABASES
async def test_outcomes_by_arm(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store)
    later = clock.now().timestamp() + 60
    for who in ("ann", "bob"):
        found = await desk.turn(who, marked("usual"))
        await desk.thumb(found, "up")
    await desk.turn("bob", marked("usual"))
    await desk.thumb(found, "down")
    escalated = await desk.turn("cid", marked("usual", MessageKind.NOTICE), escalate=True)
    await desk.rate(escalated, 5, later)
    answered_before = await desk.turn("dan", marked("brief"))
    await desk.turn("dan", marked("brief", MessageKind.NOTICE), escalate=True)
    await desk.rate(answered_before, 2, later)
    await desk.turn("eve", marked("brief", MessageKind.UNKNOWN), marked("brief", intent="clarify"))
    await desk.turn("fay", marked("brief"))
    await desk.turn("gil", marked(None))
    assert list(await store.experiment_outcomes()) == [
        ArmOutcome("tone", "brief", customers=3, answered=1, escalated=1, ratings=1),
        ArmOutcome("tone", "usual", 3, answered=2, escalated=1, thumbs=2, thumbs_up=1, ratings=1, content=1),
    ]


@BOTH_DATABASES
async def test_what_came_before_the_experiment_is_not_its_outcome(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store)
    found = await desk.turn("ann", marked(None, MessageKind.NOTICE), escalate=True)
    await desk.rate(found, 1, clock.now().timestamp())
    clock.move(60)
    await desk.turn("ann", marked("usual"))
    assert list(await store.experiment_outcomes()) == [ArmOutcome("tone", "usual", 1, answered=1)]


async def test_who_was_in_two_arms_is_in_none(store: SqlStore) -> None:
    desk = Desk(store)
    await desk.turn("ann", marked("usual"))
    await desk.turn("ann", marked("brief"))
    await desk.turn("bob", marked("brief"))
    assert list(await store.experiment_outcomes()) == [ArmOutcome("tone", "brief", 1, answered=1)]


async def test_erased_customers_are_not_counted(store: SqlStore) -> None:
    desk = Desk(store)
    for who in ("ann", "bob"):
        await desk.turn(who, marked("usual"))
    await store.erase_customer("sms:AC1:ann", told_staff, note_without, "operator", only=False)
    assert list(await store.experiment_outcomes()) == [ArmOutcome("tone", "usual", 1, answered=1)]


async def test_more_than_a_page(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(store)
    monkeypatch.setattr(experiment_outcomes, "_PAGE", 2)
    monkeypatch.setattr(experiment_outcomes, "_MARKED", experiment_outcomes._MARKED.limit(2))
    for number in range(5):
        await desk.turn(f"c{number}", marked("usual"), escalate=number == 4)
    assert list(await store.experiment_outcomes()) == [ArmOutcome("tone", "usual", 5, answered=4, escalated=1)]


async def test_what_customers_write_is_no_note_of_an_arm(store: SqlStore) -> None:
    desk = Desk(store)
    await desk.turn("ann", marked(None, quoted='{"experiment":{"name":"x","arm":"y"}}'))
    await desk.turn("bob", NewMessage(Author.AGENT, "Said", MessageKind.ANSWER, meta={EXPERIMENT_META: "x"}))
    assert list(await store.experiment_outcomes()) == []
