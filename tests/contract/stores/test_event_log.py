"""What web customers see: in order, once, and nothing provisional left behind."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.errors import InvalidInput, LostClaim
from core.ports.event_log import LogFrame
from core.ports.store import Claim, Settlement, Store, Transition
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    change_owner,
    claim_one,
    file,
    finish,
    said,
    stale,
    thread,
)

pytestmark = BOTH_DATABASES

ID = thread().conversation_id
TURN = f"{ID}:1"


def text(number: int, *, turn_id: str = TURN) -> LogFrame:
    return LogFrame("text", {"delta": f"{number} "}, turn_id=turn_id)


async def seen(store: Store, after: int = 0) -> list[tuple[int, str]]:
    frames = (await store.read({ID: after})).get(ID, ())
    return [(frame.cursor, frame.kind) for frame in frames]


async def test_an_empty_log(store: Store) -> None:
    assert await store.head(ID) == 0
    assert dict(await store.read({ID: 0})) == {}
    assert dict(await store.read({})) == {}
    assert await store.history(ID, after=0, limit=10) == []
    assert await store.find(ID, "x") is None
    assert dict(await store.heads([])) == {}


async def test_frames_come_in_the_order_in_which_they_were_committed(store: Store) -> None:
    await accept(store, said("e1"), in_log=True)
    assert await store.append(ID, [LogFrame("status", {"status": "queued"}), LogFrame("status")]) == [2, 3]
    await accept(store, said("e2"), in_log=True)
    assert await seen(store) == [(1, "message"), (2, "status"), (3, "status"), (4, "message")]
    assert await seen(store, after=2) == [(3, "status"), (4, "message")]
    assert await store.head(ID) == 4


async def test_a_frame_with_a_message_is_read_with_it(store: Store) -> None:
    await store.add_attachment(ID, file("f1"))
    (accepted,) = await accept(store, said("e1", "Hello", stored_attachments=("f1",)), in_log=True)
    frames = (await store.read({ID: 0}))[ID]
    assert frames[0].message is not None
    assert frames[0].message.id == accepted.message_id
    assert frames[0].message.text == "Hello"
    assert [one.id for one in frames[0].message.attachments] == ["f1"]


async def test_appending_twice_is_appending_once(store: Store) -> None:
    await accept(store, said("e1"))
    frame = LogFrame("complete", {"a": "ü\x00\ud800"}, dedupe="m1")
    assert await store.append(ID, [frame]) == [1]
    assert await store.append(ID, [frame, LogFrame("status")]) == [1, 2]
    assert await store.append(ID, [LogFrame("complete", dedupe="m2"), LogFrame("complete", dedupe="m2")]) == [3, 3]
    assert await store.find(ID, "m1") == 1
    assert await store.find(ID, "m3") is None
    assert len(await seen(store)) == 3


async def test_the_same_dedupe_in_another_conversation_is_another_frame(store: Store) -> None:
    await accept(store, said("e1"), said("x1", where="t2"))
    other = thread("t2").conversation_id
    results = await asyncio.gather(
        store.append(ID, [LogFrame("status", dedupe="d")]), store.append(other, [LogFrame("status", dedupe="d")])
    )
    assert results == [[1], [1]]


async def test_appending_to_nothing_is_refused_alone(store: Store) -> None:
    await accept(store, said("e1"))
    refused, appended = await asyncio.gather(
        store.append("0" * 32, [LogFrame("status")]), store.append(ID, [LogFrame("status")]), return_exceptions=True
    )
    assert isinstance(refused, InvalidInput)
    assert appended == [1]


async def test_the_message_replaces_what_was_shown_before_it(store: Store) -> None:
    await accept(store, said("e1"), in_log=True)
    state = await claim_one(store)
    await store.append_provisional(state.claim, [text(1), text(2)])
    assert await seen(store) == [(1, "message"), (2, "text"), (3, "text")]
    await store.append(ID, [LogFrame("complete", turn_id=TURN, dedupe="m1")])
    assert await seen(store) == [(1, "message"), (4, "complete")], "a cursor is never given twice"


async def test_a_message_of_another_turn_replaces_nothing(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await store.append_provisional(state.claim, [text(1)])
    await store.append(ID, [LogFrame("complete", turn_id=f"{ID}:0", dedupe="m0"), LogFrame("status")])
    assert (1, "text") in await seen(store)


async def test_a_withdrawal_takes_back_what_was_shown(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await store.append_provisional(state.claim, [text(1), text(2)])
    await store.append_provisional(state.claim, [LogFrame("discard", turn_id=TURN), text(3)])
    assert await seen(store) == [(3, "discard"), (4, "text")]
    assert await seen(store, after=2) == [(3, "discard"), (4, "text")], "who saw the text learns that it is gone"


async def test_a_successor_replaces_what_the_dead_worker_showed(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    dead = await claim_one(store)
    await store.append_provisional(dead.claim, [text(1), text(2)])
    clock.move(LEASE + 1)
    alive = await claim_one(store)
    await store.append_provisional(alive.claim, [text(1)])
    assert await seen(store) == [(3, "text")]
    with pytest.raises(LostClaim):
        await store.append_provisional(dead.claim, [text(3)])
    assert await seen(store) == [(3, "text")]


async def test_a_takeover_takes_back_what_was_shown(store: Store) -> None:
    await accept(store, said("e1"), in_log=True)
    state = await claim_one(store)
    await store.append_provisional(state.claim, [text(1), text(2)])
    await change_owner(store, ID, Transition(OwnershipEvent.CLAIM, owner="grace"))
    frames = (await store.read({ID: 0}))[ID]
    assert [(frame.cursor, frame.kind, frame.turn_id) for frame in frames[1:]] == [(4, "discard", TURN)]
    assert await store.head(ID) == 4
    await change_owner(store, ID, Transition(OwnershipEvent.HAND_BACK))
    assert await store.head(ID) == 4, "there is nothing left to take back"


async def withheld_after_streaming(store: Store) -> None:
    """The answer was shown while it was written; the same commit that stores it gives the conversation to a person."""
    await accept(store, said("e1"), said("x1", where="t2"), in_log=True)
    for state in await store.claim(10, LEASE, history=10):
        turn = f"{state.conversation.id}:1"
        await store.append_provisional(state.claim, [text(1, turn_id=turn)])
        assert await finish(store, state, answer("Yes", turn_id=turn))


async def test_what_was_shown_of_a_withheld_answer_is_taken_back(store: Store) -> None:
    await withheld_after_streaming(store)
    await accept(store, said("e2"))
    assert await finish(store, await claim_one(store), event=OwnershipEvent.ESCALATE)
    claimed = await store.claim_deliveries("web", "main", 10, LEASE)
    assert [one.conversation_id for one in claimed] == [thread("t2").conversation_id]
    assert claimed.withdrawn == {ID}, "whoever reads this log has to be woken"
    assert [kind for _, kind in await seen(store)][-1] == "discard"
    assert "text" not in [kind for _, kind in await seen(store)]
    assert len((await store.read({thread("t2").conversation_id: 0}))[thread("t2").conversation_id]) == 2, (
        "that one is coming"
    )


async def test_what_was_shown_of_an_answer_withheld_in_doubt_is_taken_back(store: Store, clock: ManualClock) -> None:
    await withheld_after_streaming(store)
    await store.claim_deliveries("web", "main", 10, LEASE)
    await accept(store, said("e2"))
    assert await finish(store, await claim_one(store), event=OwnershipEvent.ESCALATE)
    clock.move(LEASE + 1)
    for one in await store.claim_deliveries("web", "main", 10, LEASE):
        if one.owner_changed:
            await store.settle([Settlement(one.id, one.token, DeliveryStatus.WITHHELD)])
    assert [kind for _, kind in await seen(store)][-1] == "discard"


async def test_only_the_holder_shows_anything(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    with pytest.raises(LostClaim):
        await store.append_provisional(stale(state.claim), [text(1)])
    with pytest.raises(InvalidInput):
        await store.append_provisional(Claim("0" * 32, 1), [text(1)])
    assert await finish(store, state, answer())
    with pytest.raises(LostClaim):
        await store.append_provisional(state.claim, [text(1)])
    assert await seen(store) == []


async def test_nothing_provisional_comes_after_its_message_even_in_one_commit(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    await asyncio.gather(
        store.append(ID, [LogFrame("status")]),
        store.append_provisional(state.claim, [text(1)]),
        store.append(ID, [LogFrame("complete", turn_id=TURN, dedupe="m1")]),
    )
    assert [kind for _, kind in await seen(store)] == ["status", "complete"]


async def test_a_lost_claim_harms_no_neighbour(store: Store) -> None:
    await accept(store, said("e1"), said("x1", where="t2"))
    states = {state.conversation.id: state for state in await store.claim(10, LEASE, history=10)}
    lost, held = await asyncio.gather(
        store.append_provisional(stale(states[ID].claim), [text(1)]),
        store.append(thread("t2").conversation_id, [LogFrame("status")]),
        return_exceptions=True,
    )
    assert isinstance(lost, LostClaim)
    assert held == [1]


async def test_history_holds_only_messages(store: Store) -> None:
    await accept(store, said("e1", "One"), in_log=True)
    await store.append(ID, [LogFrame("status")])
    await accept(store, said("e2", "Two"), in_log=True)
    frames = await store.history(ID, after=0, limit=10)
    assert [frame.message.text for frame in frames if frame.message] == ["One", "Two"]
    assert [frame.cursor for frame in await store.history(ID, after=1, limit=10)] == [3]
    assert [frame.cursor for frame in await store.history(ID, after=0, limit=1)] == [1]


async def test_feedback_is_read_with_its_message(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    assert await finish(store, state, answer("Yes"))
    message = (await store.messages(ID))[-1]
    await store.append(ID, [LogFrame("complete", message_id=message.id, dedupe=message.id)])
    assert (await store.history(ID, after=0, limit=10))[0].feedback is None
    await store.record_feedback(ID, message.id, "up", None)
    assert (await store.history(ID, after=0, limit=10))[0].feedback == "up"


async def test_many_conversations_are_read_at_once(store: Store) -> None:
    names = [f"t{number}" for number in range(450)]
    await accept(store, *(said(f"a{name}", where=name) for name in names), in_log=True)
    await accept(store, *(said(f"b{name}", where=name) for name in names), in_log=True)
    wanted = {thread(name).conversation_id: index % 3 for index, name in enumerate(names)}
    found = await store.read(wanted)
    for key, after in wanted.items():
        assert [frame.cursor for frame in found.get(key, ())] == list(range(after + 1, 3))
    heads = await store.heads(list(wanted))
    assert set(heads.values()) == {2}
    assert len(heads) == 450


async def test_a_long_log_is_read_in_pieces(store: Store) -> None:
    await accept(store, *(said(f"e{number}") for number in range(25)), said("x1", where="t2"), in_log=True)
    other = thread("t2").conversation_id
    got: list[int] = []
    while frames := (await store.read({ID: got[-1] if got else 0, other: 0}, limit=10)).get(ID):
        assert len(frames) <= 10
        got.extend(frame.cursor for frame in frames)
    assert got == list(range(1, 26))


async def test_cursors_are_given_once_across_processes(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(3)]
    await accept(stores[0], said("e0"))
    results = await asyncio.gather(
        *(store.append(ID, [LogFrame("status"), LogFrame("status")]) for store in stores for _ in range(10)),
        *(
            accept(store, said(f"e{number}-{index}"), in_log=True)
            for number, store in enumerate(stores)
            for index in range(5)
        ),
    )
    given = [one if isinstance(one, int) else one.cursor for result in results for one in result]
    assert sorted(given) == list(range(1, 76))
    assert [cursor for cursor, _ in await seen(stores[0])] == list(range(1, 76))
