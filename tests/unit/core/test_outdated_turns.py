"""A turn at work hears that the customer writes on, and ends for one that knows all of it as soon as they pause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core import stream
from core.domain.messages import MessageDeleted, MessageEdited
from core.ports.channel import Accepted
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Acceptable, TurnState
from core.ports.wake import INBOX, grown_to
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.contract.stores.sayings import accept, customer, deleted, edited, said
from tests.unit.core.eventually import eventually
from tests.unit.core.responders import Echo, reply
from tests.unit.core.test_restarts import ID, Screen, all_handled, at_work, held, show, texts


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """``pause(seconds)``: so long after their last words a customer has said all."""
    return lambda seconds: monkeypatch.setattr(stream, "_RESTART_DELAY", seconds)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The places of messages that turns at work were told of."""
    heard: list[int] = []
    add = stream.Additions.add

    def note(additions: stream.Additions, seq: int) -> None:
        add(additions, seq)
        heard.append(seq)

    monkeypatch.setattr(stream.Additions, "add", note)
    return heard


async def heard_in_vain(told: list[int], seq: int) -> None:
    """Until a turn was told, and ten times as long as it would have waited."""
    await eventually(lambda: seq in told)
    await asyncio.sleep(0.2)


async def add(store: SqlStore, wake: LocalWake, text: str) -> None:
    """As the intake does."""
    (accepted,) = await accept(store, said(text, text))
    wake.notify(INBOX, grown_to(accepted.conversation_id, accepted.seq))


def slow_once() -> Echo:
    """A model that would never end its first call."""
    responder = Echo()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        if len(responder.turns) == 1:
            await asyncio.Event().wait()
        return reply(" + ".join(message.text for message in turn.pending))

    responder.work = work
    return responder


async def test_a_slow_answer_to_half_of_it_is_not_waited_for(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None]
) -> None:
    pause(0.05)
    responder = slow_once()
    await accept(store, said("one", "one"))
    async with at_work(store, responder, wake=wake):
        await eventually(lambda: responder.running.total() == 1)
        await add(store, wake, "two")
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one + two"]
    assert responder.cancelled == [f"{ID}:1"], "the call that is not needed ends"


@pytest.mark.parametrize("heard", [True, False], ids=["by a wake", "by its commit"])
@pytest.mark.parametrize(
    ("change", "answered"),
    [(edited("e", "one", "another"), "another + two"), (deleted("e", "one"), "two")],
    ids=["edited", "deleted"],
)
async def test_what_was_changed_is_not_answered_as_it_was(
    store: SqlStore,
    wake: LocalWake,
    pause: Callable[[float], None],
    change: MessageEdited | MessageDeleted,
    answered: str,
    *,
    heard: bool,
) -> None:
    pause(0.05)
    responder, gate = Echo(), asyncio.Event()
    responder.gate = None if heard else gate

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        if heard and len(responder.turns) == 1:
            await asyncio.Event().wait()
        return reply(" + ".join(message.text for message in turn.pending if message.deleted_at is None))

    responder.work = work
    await accept(store, said("one", "one"), said("two", "two"))
    async with at_work(store, responder, wake=wake):
        await eventually(lambda: responder.running.total() == 1)
        (accepted,) = await store.accept([Acceptable(change)])
        assert isinstance(accepted, Accepted)
        if heard:
            wake.notify(INBOX, grown_to(accepted.conversation_id, accepted.seq))
        gate.set()
        await eventually(lambda: all_handled(store))
    assert (await texts(store))[2:] == [answered]
    assert len(responder.turns) == 2


async def test_a_change_of_what_was_answered_begins_nothing(store: SqlStore) -> None:
    responder = Echo()
    await accept(store, said("one", "one"))
    async with at_work(store, responder):
        await eventually(lambda: all_handled(store))
        (accepted,) = await store.accept([Acceptable(edited("e", "one", "another"))])
        assert isinstance(accepted, Accepted)
        assert accepted.seq == 1
        assert await all_handled(store)
    assert len(responder.turns) == 1


@pytest.mark.parametrize("most", [1, 64])
async def test_what_is_added_while_files_are_read_counts(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None], told: list[int], most: int
) -> None:
    """The responder has not begun by then. Also where the dispatcher has no room for a further turn."""
    pause(0.05)
    responder, reading, read = slow_once(), asyncio.Event(), asyncio.Event()

    async def prepare(state: TurnState) -> TurnState:
        reading.set()
        await read.wait()
        return state

    await accept(store, said("one", "one"))
    async with at_work(store, responder, wake=wake, prepare=prepare, most=most):
        await reading.wait()
        await add(store, wake, "two")
        await eventually(lambda: 2 in told)
        read.set()
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one + two"]
    assert responder.cancelled == [f"{ID}:1"]


async def test_whoever_writes_in_pieces_is_waited_for(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None]
) -> None:
    """Else the second turn, which is not begun anew, would miss the last of them."""
    pause(2.0)
    responder = slow_once()
    loop = asyncio.get_running_loop()
    await accept(store, said("one", "one"))
    async with at_work(store, responder, wake=wake):
        await eventually(lambda: responder.running.total() == 1)
        for number in ("two", "three", "four", "five"):
            await asyncio.sleep(0.05)
            await add(store, wake, number)
        last = loop.time()
        await eventually(lambda: len(responder.turns) == 2)
        assert loop.time() - last >= 1.9
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "three", "four", "five", "one + two + three + four + five"]


async def test_it_ends_for_another_only_once(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None], told: list[int]
) -> None:
    pause(0.02)
    responder = held()
    await accept(store, said("one", "one"))
    async with at_work(store, responder, wake=wake):
        await eventually(lambda: responder.running.total() == 1)
        await add(store, wake, "two")
        await eventually(lambda: len(responder.turns) == 2)
        await add(store, wake, "three")
        await heard_in_vain(told, 3)
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "three", "one + two", "three"]
    assert len(responder.turns) == 3


async def test_what_the_turn_knows_already_ends_nothing(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None], told: list[int]
) -> None:
    """The wake of a message may come after the claim that brought it."""
    pause(0.02)
    responder = held()
    await accept(store, said("one", "one"), said("two", "two"))
    async with at_work(store, responder, wake=wake):
        await eventually(lambda: responder.running.total() == 1)
        for seq in (1, 2):
            wake.notify(INBOX, grown_to(ID, seq))
        await heard_in_vain(told, 2)
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert responder.cancelled == []
    assert len(responder.turns) == 1


@pytest.mark.parametrize("shows", [True, False], ids=["words", "tool"])
async def test_what_was_shown_or_done_goes_on(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None], told: list[int], *, shows: bool
) -> None:
    pause(0.02)
    screen, responder = Screen(store), held()
    gate, responder.gate = responder.gate, None
    begun = asyncio.Event()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        text = " + ".join(message.text for message in turn.pending)
        if shows:
            await show(screen, text, events)
        else:
            events.forbid_restart()
        begun.set()
        await gate.wait()  # type: ignore[union-attr]
        return reply(text)

    responder.work = work
    await accept(store, said("one", "one"))
    async with at_work(store, responder, screen, wake=wake):
        await begun.wait()
        await add(store, wake, "two")
        await heard_in_vain(told, 2)
        gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one", "two"]
    assert responder.cancelled == []


async def test_another_member_of_a_group_ends_nothing(
    store: SqlStore, wake: LocalWake, pause: Callable[[float], None], told: list[int]
) -> None:
    pause(0.02)
    responder = held()
    await accept(store, said("one", "one", who=customer("ada"), shared=True))
    async with at_work(store, responder, wake=wake):
        await eventually(lambda: responder.running.total() == 1)
        (more,) = await accept(store, said("two", "two", who=customer("bob"), shared=True, addressed=True))
        wake.notify(INBOX, grown_to(more.conversation_id, more.seq))
        await heard_in_vain(told, more.seq)
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert responder.cancelled == []
