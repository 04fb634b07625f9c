"""What customers saw of an answer that will not come is taken back, and whoever shows it is told at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.conversation import OwnershipEvent
from core.domain.messages import Author, Receipt
from core.ports.event_log import LogFrame
from core.ports.store import Store
from core.ports.wake import WIDGET
from core.storage.store import SqlStore
from core.storage.wake_local import LocalSubscription, LocalWake
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, answer, claim_one, finish, said, thread
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import FAST, Running
from tests.unit.core.scripted_channel import QueryableChannel, ScriptedChannel

HERE = thread().conversation_id


@pytest.fixture
async def told(wake: LocalWake) -> AsyncIterator[LocalSubscription]:
    """What is told to those who show conversations."""
    subscription = wake.subscribe(WIDGET)
    yield subscription
    subscription.close()


async def shown_and_escalated(store: SqlStore, clock: ManualClock, *, sending: bool) -> None:
    """An answer was shown while it was written, and before it went out a later turn brought a person in."""
    await accept(store, said("e1"))
    state = await claim_one(store)
    await store.append_provisional(state.claim, [LogFrame("text", {"delta": "Almost"}, turn_id="c:1")])
    assert await finish(store, state, answer("Almost there.", turn_id="c:1"))
    if sending:
        await store.claim_deliveries("web", "main", 1, FAST.lease)
    await accept(store, said("e2", "A person, please."))
    notice = answer("A person will answer.", author=Author.SYSTEM)
    assert await finish(store, await claim_one(store), notice, event=OwnershipEvent.ESCALATE)
    if sending:
        clock.move(FAST.lease + 1)


async def kinds(store: Store) -> list[str]:
    return [frame.kind for frame in (await store.read({HERE: 0})).get(HERE, ())]


async def test_what_a_claim_withheld(
    store: SqlStore, running: Running, clock: ManualClock, told: LocalSubscription
) -> None:
    await shown_and_escalated(store, clock, sending=False)
    assert await kinds(store) == ["text"]
    channel = ScriptedChannel()
    async with running(channel):
        assert await told.wait(10.0) == {HERE}
        assert await kinds(store) == ["discard"], "it is there before anybody is told"
        await eventually(lambda: channel.arrived == ["A person will answer."])


async def test_what_turned_out_not_to_have_come(
    store: SqlStore, running: Running, clock: ManualClock, told: LocalSubscription
) -> None:
    await shown_and_escalated(store, clock, sending=True)
    channel = QueryableChannel(answers=[None])
    async with running(channel):
        assert await told.wait(10.0) == {HERE}
        assert await kinds(store) == ["discard"]
        await eventually(lambda: channel.arrived == ["A person will answer."])


async def test_what_had_come_stays(
    store: SqlStore, running: Running, clock: ManualClock, told: LocalSubscription
) -> None:
    await shown_and_escalated(store, clock, sending=True)
    channel = QueryableChannel(answers=[Receipt("p1")])
    async with running(channel):
        await eventually(lambda: channel.arrived == ["A person will answer."])
    assert await told.wait(0) == frozenset()
    assert await kinds(store) == ["text"]
