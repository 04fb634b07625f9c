"""The commit of a turn takes its own delivery for a lane of its process, where that lane could have claimed it now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.capabilities import Pace
from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author
from core.ports.lanes import FinishedTurns, LaneOffer
from core.ports.outcomes import NewMessage
from core.ports.store import Delivery, Settlement
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, answer, claim, file, outcome, said

pytestmark = BOTH_DATABASES

LANE = LaneOffer("web", "main", room=10, lease=LEASE, deadline=0.0)


async def _ask(store: SqlStore, event: str, *messages: NewMessage, lane: LaneOffer = LANE) -> FinishedTurns:
    await accept(store, said(event))
    (state,) = await claim(store)
    return await store.finish([outcome(state, *(messages or (answer(event),)))], [lane])


async def _claimed(store: SqlStore) -> list[Delivery]:
    return list(await store.claim_deliveries("web", "main", 10, LEASE))


async def _settle(store: SqlStore, delivery: Delivery, pause: float = 0.0) -> bool:
    return await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, conversation_pause=pause)])


async def test_it_is_as_if_it_had_been_claimed(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    (state,) = await claim(store)
    said_twice = [outcome(state, answer("An answer", turn_id="t", meta={"intent": "x"}))]
    finished = await store.finish(said_twice, [LANE])
    (taken,) = finished.taken
    assert not finished.waiting
    assert not await _claimed(store), "nobody else sends it"
    clock.move(LEASE + 1)
    (again,) = await _claimed(store)
    assert again.uncertain, "the process that had it died"
    same = replace(again, token=taken.token, uncertain=False, pause_begun=True)
    assert taken == replace(same, sendable_since=taken.sendable_since)


async def test_once_settled_it_is_over(store: SqlStore, clock: ManualClock) -> None:
    (taken,) = (await _ask(store, "e1")).taken
    await _settle(store, taken)
    clock.move(LEASE + 1)
    assert not await _claimed(store)


async def test_what_is_said_behind_it_waits_for_it(store: SqlStore) -> None:
    finished = await _ask(store, "e1", answer("one"), answer("two"))
    assert [one.message.text for one in finished.taken] == ["one"]
    assert finished.waiting
    assert await _settle(store, finished.taken[0]), "there is one behind it"
    assert [one.message.text for one in await _claimed(store)] == ["two"]


async def test_an_earlier_message_goes_first(store: SqlStore) -> None:
    assert not (await _ask(store, "e1", lane=replace(LANE, room=0))).taken
    assert not (await _ask(store, "e2")).taken, "the first waits in the outbox"
    (first,) = await _claimed(store)
    assert not (await _ask(store, "e3")).taken, "the first is being sent"
    await _settle(store, first)
    assert not (await _ask(store, "e4")).taken
    assert [one.message.text for one in await _claimed(store)] == ["e2"]


async def test_the_pause_of_the_conversation_holds(store: SqlStore, clock: ManualClock) -> None:
    lane = replace(LANE, pace=Pace(100, 1.0, per_conversation=5.0))
    (taken,) = (await _ask(store, "e1", lane=lane)).taken
    await _settle(store, taken)
    assert not (await _ask(store, "e2", lane=lane)).taken
    clock.move(5.1)
    (second,) = await _claimed(store)
    await _settle(store, second, pause=5.0)
    assert not (await _ask(store, "e3", lane=lane)).taken


async def test_the_pace_of_the_account_holds(store: SqlStore, clock: ManualClock) -> None:
    lane = replace(LANE, pace=Pace(1, 10.0))
    assert (await _ask(store, "e1", lane=lane)).taken
    await accept(store, said("e2", where="elsewhere"))
    (state,) = await claim(store)
    finished = await store.finish([outcome(state, answer("two"))], [lane])
    assert not finished.taken
    assert finished.waiting
    assert (await store.reserve("web:main", Pace(1, 10.0), 1))[0] == 0
    clock.move(10.1)
    assert (await store.reserve("web:main", Pace(1, 10.0), 1))[0] == 1


async def test_what_may_not_be_sent_yet_uses_up_no_pace(store: SqlStore) -> None:
    assert not (await _ask(store, "e1", lane=replace(LANE, room=0))).taken
    assert not (await _ask(store, "e2", lane=replace(LANE, pace=Pace(1, 10.0)))).taken
    assert (await store.reserve("web:main", Pace(1, 10.0), 1))[0] == 1


async def test_what_the_pace_does_not_allow_is_due_again(store: SqlStore) -> None:
    await accept(store, said("e1"))
    await accept(store, said("e2", where="elsewhere"))
    states = [state for _ in range(2) for state in await claim(store)]
    lane = replace(LANE, pace=Pace(1, 10.0))
    finished = await store.finish([outcome(state, answer("one")) for state in states], [lane])
    (taken,) = finished.taken
    (other,) = await _claimed(store)
    assert {taken.conversation_id, other.conversation_id} == {state.conversation.id for state in states}
    assert other.attempt == 1


async def test_a_lane_whose_credentials_are_refused_gets_nothing(store: SqlStore) -> None:
    (taken,) = (await _ask(store, "e1")).taken
    refused = Settlement(taken.id, taken.token, DeliveryStatus.DUE, retry_after=0.0, authorised=False)
    await store.settle([refused])
    await accept(store, said("e2", where="elsewhere"))
    (state,) = await claim(store)
    assert not (await store.finish([outcome(state, answer("two"))], [LANE])).taken


@pytest.mark.parametrize(
    "message",
    [
        answer("later", delay=3.0),
        answer("by staff", author=Author.STAFF),
        answer("with a file", attachments=(file(),)),
    ],
)
async def test_what_may_change_before_it_is_sent_waits(store: SqlStore, message: NewMessage) -> None:
    assert not (await _ask(store, "e1", message)).taken


async def test_nothing_is_taken_for_lanes_elsewhere(store: SqlStore) -> None:
    assert not (await _ask(store, "e1", lane=replace(LANE, account="other"))).taken
    assert len(await _claimed(store)) == 1


async def test_a_turn_that_lost_its_claim_says_nothing(store: SqlStore) -> None:
    await accept(store, said("e1"))
    (state,) = await claim(store)
    await store.release([state.claim])
    finished = await store.finish([outcome(state, answer("late"))], [LANE])
    assert not finished[0].held
    assert not finished.taken


async def test_what_announces_a_person_is_sent_under_the_new_owner(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    (state,) = await claim(store)
    said_then = outcome(state, answer("I bring in a person", author=Author.SYSTEM), event=OwnershipEvent.ESCALATE)
    (taken,) = (await store.finish([said_then], [LANE])).taken
    clock.move(LEASE + 1)
    (again,) = await _claimed(store)
    assert not taken.owner_changed
    assert not again.owner_changed
