"""The commit of a turn sends what the turn says, where the customers of its channel read the event log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.messages import OutboundMessage
from core.ports.event_log import LogFrame
from core.ports.lanes import FinishedTurns, LaneOffer
from core.ports.outcomes import NewMessage
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, answer, claim, outcome, said, thread

pytestmark = BOTH_DATABASES


def _frames(message: OutboundMessage, delivery_id: str) -> Sequence[LogFrame]:
    """Texts with a slash are sent in parts."""
    if "/" in message.text:
        return ()
    first = LogFrame("complete", turn_id=message.turn_id, message_id=message.message_id, dedupe=f"{delivery_id}:0")
    status = LogFrame("status", {"status": "queued"}, dedupe=f"{delivery_id}:0:status")
    return [first, status] if "notice" in message.text else [first]


def _unreadable(message: OutboundMessage, delivery_id: str) -> Sequence[LogFrame]:
    raise ValueError("cannot be rendered")


ID = thread().conversation_id
LANE = LaneOffer("web", "main", room=10, lease=LEASE, deadline=0.0, frames=_frames)


async def _ask(store: SqlStore, event: str, *messages: NewMessage, lane: LaneOffer = LANE) -> FinishedTurns:
    await accept(store, said(event))
    (state,) = await claim(store)
    return await store.finish([outcome(state, *(messages or (answer(event),)))], [lane])


async def _open(store: SqlStore, clock: ManualClock) -> list[str]:
    """What lanes find to send, also after the lease of whoever may have it."""
    clock.move(LEASE + 1)
    return [one.message.text for one in await store.claim_deliveries("web", "main", 10, LEASE)]


async def _log_of(store: SqlStore) -> list[str]:
    frames = (await store.read({ID: 0})).get(ID, [])
    return [one.message.text if one.message else one.kind for one in frames]


async def test_it_is_sent(store: SqlStore, clock: ManualClock) -> None:
    finished = await _ask(store, "e1")
    assert not finished.waiting
    assert not finished.taken
    assert await _log_of(store) == ["e1"]
    assert await _open(store, clock) == []


async def test_the_frames_are_those_that_are_read(store: SqlStore) -> None:
    message = answer("a notice", turn_id="t", meta={"intent": "x"})
    (logged,) = (await _ask(store, "e1", message)).logged
    assert logged.frames == (await store.read({ID: 0}))[ID]
    assert [one.kind for one in logged.frames] == ["complete", "status"]
    (second,) = (await _ask(store, "e2")).logged
    assert second.frames == (await store.read({ID: logged.frames[-1].cursor}))[ID]


async def test_it_replaces_what_was_shown_of_it(store: SqlStore) -> None:
    await accept(store, said("e1"))
    (state,) = await claim(store)
    await store.append_provisional(state.claim, [LogFrame("text", {"delta": "An"}, turn_id="t")])
    assert await _log_of(store) == ["text"]
    await store.finish([outcome(state, answer("An answer", turn_id="t"))], [LANE])
    assert await _log_of(store) == ["An answer"]


async def test_many_turns_share_a_commit(store: SqlStore) -> None:
    homes = ["here", "there"]
    for home in homes:
        await accept(store, said(home, where=home))
    states = [state for _ in homes for state in await claim(store)]
    finished = await store.finish([outcome(state, answer(state.conversation.id)) for state in states], [LANE])
    assert {one.delivery.conversation_id for one in finished.logged} == {state.conversation.id for state in states}
    for state in states:
        (frame,) = (await store.read({state.conversation.id: 0}))[state.conversation.id]
        assert frame.message is not None
        assert frame.message.text == state.conversation.id


async def test_an_earlier_message_goes_first(store: SqlStore, clock: ManualClock) -> None:
    await _ask(store, "e1", lane=replace(LANE, channel="elsewhere"))
    finished = await _ask(store, "e2")
    assert not finished.logged
    assert finished.waiting
    assert await _log_of(store) == []
    assert await _open(store, clock) == ["e1"]


async def test_what_is_said_behind_it_waits_for_a_lane(store: SqlStore, clock: ManualClock) -> None:
    finished = await _ask(store, "e1", answer("one"), answer("two"))
    assert finished.waiting
    assert await _log_of(store) == ["one"]
    assert await _open(store, clock) == ["two"]


async def test_what_is_sent_in_parts_is_left_to_its_lane(store: SqlStore) -> None:
    finished = await _ask(store, "e1", answer("one/two"))
    assert [one.message.text for one in finished.taken] == ["one/two"]
    assert await _log_of(store) == []


async def test_what_cannot_be_rendered_is_left_to_its_lane(store: SqlStore) -> None:
    finished = await _ask(store, "e1", lane=replace(LANE, frames=_unreadable))
    assert [one.message.text for one in finished.taken] == ["e1"]


async def test_a_turn_that_lost_its_claim_says_nothing(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    (state,) = await claim(store)
    await store.release([state.claim])
    finished = await store.finish([outcome(state, answer("late"))], [LANE])
    assert not finished[0].held
    assert not finished.logged
    assert await _log_of(store) == []
    assert await _open(store, clock) == []
