"""The journal of tool calls, written only by who holds the claim."""

from __future__ import annotations

import pytest

from core.domain.conversation import OwnershipEvent
from core.domain.errors import LostClaim
from core.ports.journal import JournalEntry
from core.ports.store import Claim, Store, Transition
from core.turn_messages import turn_id
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, change_owner, claim_one, finish, said, stale

pytestmark = BOTH_DATABASES


def _call(status: str, *, call_id: str = "c1", step: int = 1, result: str | None = None) -> JournalEntry:
    return JournalEntry(call_id, step, "refund", '{"order": 7}', status, result)


async def test_a_call_is_noted_before_and_after(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await store.record(state.claim, "t:1", _call("started"))
    assert [entry.status for entry in await store.entries("t:1")] == ["started"]
    await store.record(state.claim, "t:1", _call("done", result="ok\x00\ud800"))
    (entry,) = await store.entries("t:1")
    assert entry.status == "done"
    assert entry.arguments == '{"order": 7}'
    assert (entry.result or "").startswith("ok")


async def test_entries_come_in_the_order_of_their_steps(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    for step in (2, 1, 3):
        await store.record(state.claim, "t:1", _call("done", call_id=f"c{step}", step=step))
    assert [entry.step for entry in await store.entries("t:1")] == [1, 2, 3]
    assert await store.entries("t:2") == []


async def test_a_successor_finds_what_was_begun(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    dead = await claim_one(store)
    await store.record(dead.claim, "t:1", _call("started"))
    clock.move(LEASE + 1)
    alive = await claim_one(store)
    assert [entry.status for entry in await store.entries("t:1")] == ["started"]
    with pytest.raises(LostClaim):
        await store.record(dead.claim, "t:1", _call("done"))
    await store.record(alive.claim, "t:1", _call("unknown"))
    assert [entry.status for entry in await store.entries("t:1")] == ["unknown"]


async def test_a_claim_tells_whether_its_turn_has_entries(store: Store) -> None:
    await accept(store, said("e1"))
    first = await claim_one(store)
    assert not first.has_journal
    await store.record(first.claim, "another conversation:1", _call("started"))
    await store.release([first.claim])
    again = await claim_one(store)
    assert not again.has_journal
    await store.record(again.claim, turn_id(again), _call("started"))
    await store.release([again.claim])
    assert (await claim_one(store)).has_journal


async def test_no_tool_runs_without_a_claim(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    for claim in (stale(state.claim), Claim("0" * 32, 1)):
        with pytest.raises(LostClaim):
            await store.record(claim, "t:1", _call("started"))
    assert await finish(store, state)
    with pytest.raises(LostClaim):
        await store.record(state.claim, "t:1", _call("started"))
    assert await store.entries("t:1") == []


async def test_who_holds_the_conversation_is_known(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await store.still_held(state.claim)
    await change_owner(store, state.conversation.id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    with pytest.raises(LostClaim):
        await store.still_held(state.claim)
    again = await claim_one(store)
    await store.still_held(again.claim)
    await finish(store, again)
    with pytest.raises(LostClaim):
        await store.still_held(again.claim)
