"""What channels remember in transactions that are made anyway; before an answer is shown, the fence and the pace are among it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.capabilities import Pace
from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.errors import LostClaim, Outdated, Superseded
from core.domain.messages import Note, Receipt
from core.ports.channel import Accepted
from core.ports.store import Settlement, Transition
from core.ports.surroundings import Allowed, WantedCalls
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import LEASE, accept, answered, change_owner, claim_one, item, said

BEGINS = Note("slack", "main", "stream/T1/C1/1", None, "begins")
CALLS = WantedCalls("slack:main:T1:stream", Pace(messages=2, seconds=10.0), 4)


async def kept(store: SqlStore) -> str | None:
    return await store.recall(BEGINS.channel, BEGINS.account, BEGINS.key)


async def test_who_has_the_conversation_begins_once(store: SqlStore) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    assert await store.begin_showing(state.claim, BEGINS, CALLS) == Allowed(granted=2, noted=True)
    assert await store.begin_showing(state.claim, BEGINS) == Allowed(noted=False)
    named = replace(BEGINS, old="begins", new="named")
    assert await store.go_on_showing(state.claim, named) == Allowed(noted=True)
    assert await store.go_on_showing(state.claim, named) == Allowed(noted=False)
    assert await kept(store) == "named"


@BOTH_DATABASES
async def test_without_a_call_nothing_is_noted(store: SqlStore) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await store.reserve(CALLS.key, CALLS.pace, 2)
    allowed = await store.begin_showing(state.claim, BEGINS, CALLS)
    assert (allowed.granted, allowed.noted) == (0, False)
    assert 0 < allowed.wait <= 5.001
    assert await kept(store) is None


async def test_who_has_lost_the_conversation_writes_nothing(store: SqlStore) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await change_owner(store, state.conversation.id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    with pytest.raises(LostClaim):
        await store.begin_showing(state.claim, BEGINS, CALLS)
    with pytest.raises(LostClaim):
        await store.go_on_showing(state.claim, BEGINS)
    assert await kept(store) is None
    assert await store.reserve(CALLS.key, CALLS.pace, 2) == (2, 0.0), "the pace was not touched"


async def test_what_the_customer_added_is_waited_for(store: SqlStore) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await accept(store, said("e2"))
    with pytest.raises(Superseded):
        await store.begin_showing(replace(state.claim, answers_to=state.conversation.last_seq), BEGINS, CALLS)
    assert await kept(store) is None


async def test_nothing_begins_while_an_earlier_answer_is_on_its_way(store: SqlStore) -> None:
    await answered(store, "An answer")
    await accept(store, said("e2"))
    state = await claim_one(store)
    assert await store.begin_showing(state.claim, BEGINS) == Allowed(busy=True)
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert await store.begin_showing(state.claim, BEGINS) == Allowed(busy=True)
    assert await kept(store) is None
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, (Receipt("m1"),))])
    assert await store.begin_showing(state.claim, BEGINS) == Allowed(noted=True)


async def test_a_receipts_note_is_kept_with_it(store: SqlStore) -> None:
    await store.remember(BEGINS.channel, BEGINS.account, BEGINS.key, "named")
    await answered(store, "An answer")
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    over = Receipt("m1", note=replace(BEGINS, old="named", new="over"))
    stale = Receipt("m2", note=replace(BEGINS, old="begins", new="wrong"))
    await store.settle([Settlement(delivery.id, "another's", DeliveryStatus.SENT, (over,))])
    assert await kept(store) == "named", "the settlement of who has lost the delivery changes nothing"
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, (over, stale))])
    assert await kept(store) == "over"


async def test_a_messages_notes_are_kept_with_it(store: SqlStore) -> None:
    needed = replace(BEGINS, needed=True)
    known = replace(BEGINS, key="mid/1", new="thread")
    await accept(store, said("e1", notes=(needed, known)))
    assert await kept(store) == "begins"
    (again,) = await accept(store, said("e1", notes=(needed, known)))
    assert again.duplicate, "and nothing is outdated"
    await accept(store, said("e2", notes=(known,)))
    assert await store.recall("slack", "main", "mid/1") == "thread"


async def test_a_message_whose_notes_are_outdated_is_not_accepted(store: SqlStore) -> None:
    await store.remember(BEGINS.channel, BEGINS.account, BEGINS.key, "somebody else's")
    wrong = said("e1", notes=(replace(BEGINS, needed=True), replace(BEGINS, key="mid/1")))
    outdated, accepted = await store.accept([item(wrong), item(said("e2"))])
    assert isinstance(outdated, Outdated)
    assert isinstance(accepted, Accepted)
    assert [message.text for message in await store.messages(accepted.conversation_id)] == [said("e2").text]
    assert await kept(store) == "somebody else's"
