"""Claiming conversations: nobody works on one that somebody else has, and none is forgotten."""

from __future__ import annotations

import asyncio

from sqlalchemy import update

from core.domain.messages import Author
from core.ports.store import Claim, Store
from core.storage.store import SqlStore
from core.storage.tables import message
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    answered,
    claim,
    claim_one,
    customer,
    file,
    finish,
    outcome,
    said,
    thread,
)

pytestmark = BOTH_DATABASES


async def test_nothing_to_do(store: Store) -> None:
    assert await claim(store) == []


async def test_a_claim_holds_what_a_turn_needs(store: Store) -> None:
    await store.add_attachment(thread().conversation_id, file("f1", name="plan.pdf"))
    who = customer("ada", display_name="Ada", verified=True)
    await accept(store, said("e1", "One", who=who, stored_attachments=("f1",)), said("e2", "Two", who=who))
    state = await claim_one(store)
    assert [message.text for message in state.pending] == ["One", "Two"]
    assert state.history == ()
    assert state.customer.display_name == "Ada"
    assert state.conversation.key == thread()
    assert state.claim == Claim(state.conversation.id, state.conversation.epoch)
    assert [one.name for one in state.files] == ["plan.pdf"]


async def test_history_is_what_came_before(store: Store) -> None:
    await accept(store, said("e1", "One"))
    await finish(store, await claim_one(store), answer("First answer"))
    await accept(store, said("e2", "Two"))
    state = await claim_one(store)
    assert [message.text for message in state.pending] == ["Two"]
    assert [message.text for message in state.history] == ["One", "First answer"]
    assert [message.author for message in state.history] == [Author.CUSTOMER, Author.AGENT]


async def test_history_is_bounded(store: Store) -> None:
    await accept(store, *(said(f"e{number}", str(number)) for number in range(1, 7)))
    await finish(store, await claim_one(store))
    await accept(store, said("e7", "7"))
    (state,) = await claim(store, history=2)
    assert [message.text for message in state.history] == ["5", "6"]


async def test_a_conversation_is_claimed_once(store: Store) -> None:
    await accept(store, said("e1"))
    first = await claim_one(store)
    assert await claim(store) == []
    await accept(store, said("e2"))
    assert await claim(store) == [], "a further message waits for the turn that runs"
    assert await finish(store, first)
    second = await claim_one(store)
    assert [message.seq for message in second.pending] == [2]


async def test_oldest_first_and_no_more_than_asked_for(store: Store, clock: ManualClock) -> None:
    for number in range(4):
        await accept(store, said(f"e{number}", where=f"t{number}"))
        clock.move(1)
    first = await claim(store, 2)
    second = await claim(store, 10)
    assert [state.conversation.key.thread for state in [*first, *second]] == ["t0", "t1", "t2", "t3"]


async def test_a_dead_workers_conversation_is_claimed_when_its_lease_ends(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    dead = await claim_one(store)
    clock.move(LEASE - 0.01)
    assert await claim(store) == []
    clock.move(0.02)
    alive = await claim_one(store)
    assert alive.claim.epoch > dead.claim.epoch
    assert alive.pending == dead.pending
    assert not await finish(store, dead, answer("from the dead"))
    assert await finish(store, alive, answer("from the living"))
    texts = [message.text for message in await store.messages(thread().conversation_id)]
    assert texts == ["Hello", "from the living"]


async def test_a_heartbeat_keeps_the_lease(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    for _ in range(4):
        clock.move(LEASE * 0.7)
        assert await store.extend([state.claim], LEASE) == {state.conversation.id}
    assert await claim(store) == []


async def test_a_heartbeat_tells_what_is_lost(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"), said("x1", where="t2"))
    states = {state.conversation.key.thread: state for state in await claim(store)}
    clock.move(LEASE + 1)
    (taken,) = await claim(store, 1)
    held = await store.extend([state.claim for state in states.values()], LEASE)
    assert taken.conversation.id not in held
    assert len(held) == 1
    assert await store.extend([], LEASE) == frozenset()


async def test_a_finished_claim_is_not_held_any_more(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    assert await finish(store, state, answer())
    assert await store.extend([state.claim], LEASE) == frozenset()


async def test_postponed_work_is_not_claimed_before_its_time(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    assert await store.postpone(state.claim, delay=10.0, error="ValueError: no")
    await accept(store, said("e2"))
    clock.move(9.9)
    assert await claim(store) == []
    clock.move(0.2)
    again = await claim_one(store)
    assert again.conversation.attempts == 1
    assert [message.seq for message in again.pending] == [1, 2]
    assert await finish(store, again)
    await accept(store, said("e3"))
    assert (await claim_one(store)).conversation.attempts == 0, "what worked in the end starts afresh"


async def test_only_the_holder_can_postpone(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    old = await claim_one(store)
    clock.move(LEASE + 1)
    new = await claim_one(store)
    assert not await store.postpone(old.claim, delay=100.0, error="zombie")
    assert await store.extend([new.claim], LEASE)
    assert await finish(store, new)
    assert not await store.postpone(new.claim, delay=100.0, error="after its end")


async def test_released_work_is_free_at_once_and_counts_no_attempt(store: Store) -> None:
    await accept(store, said("e1"), said("x1", where="t2"))
    states = await claim(store)
    await store.release([state.claim for state in states])
    again = await claim(store)
    assert len(again) == 2
    assert {state.conversation.attempts for state in again} == {0}
    assert not await finish(store, states[0], answer()), "what was given back cannot be finished"


async def test_only_the_holder_can_release(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    old = await claim_one(store)
    clock.move(LEASE + 1)
    await claim_one(store)
    await store.release([old.claim])
    assert await claim(store) == []


async def test_a_burst_becomes_one_turn(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"), window=2.0)
    clock.move(1.0)
    await accept(store, said("e2"), window=2.0)
    assert await claim(store) == []
    clock.move(0.9)
    assert await claim(store) == []
    clock.move(0.2)
    state = await claim_one(store)
    assert [message.seq for message in state.pending] == [1, 2]
    assert await finish(store, state)
    await accept(store, said("e3"), window=2.0)
    assert await claim(store) == [], "the next burst gets a window of its own"
    clock.move(2.1)
    assert len(await claim(store)) == 1


async def test_an_album_is_waited_for_as_long_as_it_grows(store: Store, clock: ManualClock) -> None:
    for part in ("e1", "e2", "e3"):
        await accept(store, said(part, album="a1"), window=2.0)
        clock.move(1.5)
        assert await claim(store) == []
    clock.move(0.6)
    state = await claim_one(store)
    assert [message.seq for message in state.pending] == [1, 2, 3]


async def test_albums_of_one_author_delay_another_no_longer_than_one_album_takes(
    store: Store, clock: ManualClock
) -> None:
    await accept(store, said("e1", who=customer("ada"), shared=True), window=0.8)
    waited, parts = 0.0, 0
    while not (states := await claim(store)):
        assert waited < 10, "whoever waits is answered, however many albums another sends"
        clock.move(0.7)
        waited, parts = waited + 0.7, parts + 1
        mallory = {"who": customer("mallory"), "shared": True, "album": f"a{parts // 10}"}
        await accept(store, said(f"m{parts}", **mallory), window=0.8)
    assert [message.text for message in states[0].pending] == ["Hello"]
    assert parts >= 10, "an album has up to ten parts"


async def test_an_album_that_begins_during_a_long_turn_is_waited_for(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    state = await claim(store, lease=100.0)
    clock.move(60.0)
    await accept(store, said("e2", album="a1"), window=2.0)
    assert await finish(store, state[0])
    assert await claim(store) == [], "its second part is on its way"
    clock.move(1.9)
    await accept(store, said("e3", album="a1"), window=2.0)
    assert await claim(store) == []
    clock.move(2.1)
    assert [message.seq for message in (await claim_one(store)).pending] == [2, 3]


async def test_each_further_loss_costs_a_longer_pause(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    for lost in range(4):
        assert (await claim_one(store)).conversation.attempts == lost, "three losses may be bad luck: no pause yet"
        clock.move(LEASE + 0.1)
    assert await store.failing() == (await store.counts())["conversations_failing"] == 1
    await accept(store, said("e2"), said("e3", album="a1"))
    pauses = []
    for lost in range(4, 16):
        waited = LEASE + 0.1
        while not (states := await claim(store)):
            clock.move(1.0)
            waited += 1.0
        pauses.append(waited)
        assert states[0].conversation.attempts == lost
        clock.move(LEASE + 0.1)
    assert pauses[:3] == sorted(set(pauses[:3])), "what is written meanwhile does not shorten it"
    assert pauses[0] < 20
    assert 30 <= max(pauses) < 40


async def test_the_end_of_a_turn_ends_its_pause(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    for _ in range(6):
        clock.move(40)
        state = await claim_one(store)
    await accept(store, said("e2"))
    assert await finish(store, state)
    assert await store.failing() == 0
    assert [message.seq for message in (await claim_one(store)).pending] == [2]


async def test_workers_share_the_work_and_never_a_conversation(open_store: OpenStore) -> None:
    workers = [await open_store() for _ in range(4)]
    total = 40
    await accept(workers[0], *(said(f"e{number}", where=f"t{number}") for number in range(total)))
    seen: list[str] = []

    async def work(worker: Store) -> None:
        while states := await claim(worker, 3):
            seen.extend(state.conversation.id for state in states)
            finished = await worker.finish([outcome(state, answer()) for state in states])
            assert all(one.held for one in finished)

    await asyncio.gather(*(work(worker) for worker in workers))
    # A worker that found only locked rows ends early; whoever locked them carries on.
    await work(workers[0])
    assert len(seen) == len(set(seen)) == total
    assert (await workers[0].counts())["conversations_pending"] == 0


async def test_an_answered_conversation_rests(store: Store) -> None:
    await answered(store, "An answer")
    assert await claim(store) == []
    assert (await store.counts())["conversations_pending"] == 0


async def test_a_lease_that_ran_out_counts_as_an_attempt(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1", "Hello"))
    assert (await claim_one(store)).conversation.attempts == 0
    clock.move(6.0)
    assert (await claim_one(store)).conversation.attempts == 1


async def test_a_conversation_that_cannot_be_read_holds_up_nobody_else(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1", "from the future"))
    await accept(store, said("e2", "Hello", where="t2"))
    future = update(message).where(message.c.text == "from the future").values(kind="hologram")
    await store.database.write(lambda connection: connection.execute(future).rowcount)
    (state,) = await claim(store, 10)
    assert [item.text for item in state.pending] == ["Hello"]
    clock.move(61.0)
    mended = update(message).values(kind=None)
    await store.database.write(lambda connection: connection.execute(mended).rowcount)
    assert "from the future" in [item.text for again in await claim(store, 10) for item in again.pending]
