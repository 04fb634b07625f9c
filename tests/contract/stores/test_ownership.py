"""Every state with every event, on both databases: what the table allows is done with all that belongs to it, the rest is not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from core.domain.conversation import Conversation, IllegalTransition, OwnershipEvent, OwnershipState, next_state
from core.domain.messages import Author, MessageKind
from core.ports.store import NewMessage, Transition
from core.storage.store import SqlStore
from core.storage.tables import ownership_change
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import accept, change_owner, claim_one, said, thread

_PAIRS = list(itertools.product(OwnershipState, OwnershipEvent))
_WAY: dict[OwnershipState, tuple[OwnershipEvent, ...]] = {
    OwnershipState.BOT: (),
    OwnershipState.QUEUED: (OwnershipEvent.ESCALATE,),
    OwnershipState.STAFF: (OwnershipEvent.CLAIM,),
    OwnershipState.RESOLVED: (OwnershipEvent.RESOLVE,),
}


def _by(event: OwnershipEvent, owner: str) -> Transition:
    return Transition(event, owner=owner if event is OwnershipEvent.CLAIM else None)


async def _in_state(store: SqlStore, name: str, state: OwnershipState) -> Conversation:
    """A conversation that came there by events, with a turn under way."""
    await accept(store, said(f"first of {name}", where=name))
    home = thread(name).conversation_id
    for event in _WAY[state]:
        await change_owner(store, home, _by(event, "grace"))
    found = await store.conversation(home)
    assert found is not None
    assert found.state is state
    return found


async def _changes(store: SqlStore, home: str) -> Sequence[Any]:
    columns = ownership_change.c
    wanted = select(ownership_change).where(columns.conversation_id == home).order_by(columns.ownership_epoch)
    found: Sequence[Any] = await store.database.read(lambda connection: connection.execute(wanted).all())
    return found


@BOTH_DATABASES
@pytest.mark.parametrize(("state", "event"), _PAIRS, ids=lambda one: str(one))
async def test_every_state_with_every_event(store: SqlStore, state: OwnershipState, event: OwnershipEvent) -> None:
    before = await _in_state(store, "t1", state)
    turn = await claim_one(store)
    audited = len(await _changes(store, before.id))
    told = [NewMessage(Author.SYSTEM, "It changed hands.", MessageKind.NOTICE)]
    try:
        target = next_state(state, event)
    except IllegalTransition:
        with pytest.raises(IllegalTransition):
            await change_owner(store, before.id, _by(event, "linus"), told)
        after = await store.conversation(before.id)
        assert after is not None
        assert (after.state, after.owner, after.ownership_epoch) == (state, before.owner, before.ownership_epoch)
        assert len(await _changes(store, before.id)) == audited
        assert await store.extend([turn.claim], 5.0) == {before.id}, "the turn under way goes on"
        assert len(await store.messages(before.id)) == 1
        return
    after = await change_owner(store, before.id, _by(event, "linus"), told)
    assert (after.state, after.ownership_epoch) == (target, before.ownership_epoch + 1)
    assert after.owner == ("linus" if event is OwnershipEvent.CLAIM else None)
    last = (await _changes(store, before.id))[-1]
    assert (last.event, last.from_state, last.to_state) == (event, state, target)
    assert await store.extend([turn.claim], 5.0) == frozenset(), "the turn under way has lost its claim"
    assert [one.text for one in await store.messages(before.id)][-1] == "It changed hands."


def test_only_one_state_has_an_owner() -> None:
    """Nobody owns a conversation by any other event than a claim, and a claim leads nowhere else."""
    for state, event in _PAIRS:
        try:
            target = next_state(state, event)
        except IllegalTransition:
            continue
        assert (target is OwnershipState.STAFF) == (event is OwnershipEvent.CLAIM)
