"""The dispatcher on a real store: serial inside a conversation, parallel across, and gone without a trace."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.errors import StoreUnavailable
from core.domain.messages import Audience, Author, MessageKind
from core.ports.desk import DeskReply
from core.ports.metrics import Counter
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Transition, TurnState
from core.ports.wake import INBOX, OUTBOX
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, change_owner, claim, said, thread
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.responders import ClaimingDesk, Echo, NotedDesk, reply, sorry

FAST = DispatcherSettings(concurrency=8, lease=5.0, poll=0.005)
Running = Callable[..., Any]
ID = thread().conversation_id


@pytest.fixture
def wake() -> LocalWake:
    return LocalWake()


@pytest.fixture
def running(store: SqlStore, metrics: CountedMetrics, wake: LocalWake) -> Running:
    """``async with running(responder) as dispatcher``: a dispatcher at work on the store."""

    @asynccontextmanager
    async def run(
        responder: Echo,
        settings: DispatcherSettings = FAST,
        store: Any = store,
        grace: float = 5.0,
        desk: NotedDesk | None = None,
    ) -> AsyncIterator[Dispatcher]:
        turn = Turn(responder, desk or NotedDesk(), {}, metrics, sorry)
        dispatcher = Dispatcher(store, turn, wake, metrics, settings, rng=random.Random(1))
        await dispatcher.start()
        try:
            yield dispatcher
        finally:
            await dispatcher.stop(grace)

    return run


async def _texts(store: SqlStore, where: str = "t1") -> list[str]:
    return [message.text for message in await store.messages(thread(where).conversation_id)]


async def _handled(store: SqlStore) -> bool:
    return (await store.counts())["conversations_pending"] == 0


async def test_what_is_accepted_is_answered(store: SqlStore, running: Running, wake: LocalWake) -> None:
    outbox = wake.subscribe(OUTBOX)
    async with running(Echo()):
        await accept(store, said("e1", "Hello"))
        await eventually(lambda: _handled(store))
    assert await _texts(store) == ["Hello", "Hello"]
    assert await outbox.wait(0), "the lanes are woken"


async def test_a_wake_is_heard_before_the_poll(store: SqlStore, running: Running, wake: LocalWake) -> None:
    async with running(Echo(), DispatcherSettings(poll=3600.0)):
        await accept(store, said("e1", "Hello"))
        wake.notify(INBOX)
        await eventually(lambda: _handled(store))


async def test_parallel_across_and_serial_within(store: SqlStore, running: Running) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    async with running(responder):
        for number in range(5):
            await accept(store, said(f"a{number}", "first", where=f"t{number}"))
        await eventually(lambda: responder.running.total() == 5)
        for number in range(5):
            await accept(store, said(f"b{number}", "second", where=f"t{number}"))
        responder.gate.set()
        await eventually(lambda: _handled(store))
    assert responder.most_at_once == 5
    assert responder.most_in_one == 1
    for number in range(5):
        assert await _texts(store, f"t{number}") == ["first", "second", "first + second"]


async def test_no_more_at_once_than_allowed(store: SqlStore, running: Running) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    await accept(store, *(said(f"e{number}", where=f"t{number}") for number in range(9)))
    async with running(responder, DispatcherSettings(concurrency=3, poll=0.005)):
        await eventually(lambda: responder.running.total() == 3)
        responder.gate.set()
        await eventually(lambda: _handled(store))
    assert responder.most_at_once == 3


async def test_a_heartbeat_keeps_long_turns(store: SqlStore, running: Running, clock: ManualClock) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    await accept(store, said("e1", "Hello"))
    async with running(responder, DispatcherSettings(lease=0.03, poll=0.005)) as _:
        await eventually(lambda: responder.running.total() == 1)
        before = await _lease(store)
        for _ in range(4):
            clock.move(0.02)
            moment = clock.now().timestamp()
            await eventually(lambda after=moment: _leased_after(store, after))  # type: ignore[misc]
        assert await _lease(store) > before
        responder.gate.set()
        await eventually(lambda: _handled(store))
    assert responder.turns == [f"{ID}:1"]
    assert await _texts(store) == ["Hello", "Hello"]


async def _lease(store: SqlStore) -> float:
    from sqlalchemy import select

    from core.storage.tables import conversation

    return await store.database.read(
        lambda connection: float(connection.scalar(select(conversation.c.lease_until)) or 0.0)
    )


async def _leased_after(store: SqlStore, moment: float) -> bool:
    return await _lease(store) >= moment + 0.029


async def test_a_lost_conversation_stops_its_turn(store: SqlStore, running: Running, metrics: CountedMetrics) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    await accept(store, said("e1", "Hello"))
    async with running(responder, DispatcherSettings(lease=0.03, poll=0.005)):
        await eventually(lambda: responder.running.total() == 1)
        await change_owner(store, ID, Transition(OwnershipEvent.CLAIM, owner="grace"))
        await eventually(lambda: responder.cancelled == [f"{ID}:1"])
        await eventually(lambda: _handled(store))
    assert metrics.total(Counter.TURNS_LOST) >= 1
    assert await _texts(store) == ["Hello", "Passed on."], "the desk has it, and the agent said nothing"


async def test_a_claim_by_staff_stops_the_agents_turn_at_once(
    store: SqlStore, running: Running, metrics: CountedMetrics
) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    slow = DispatcherSettings(lease=3600.0, poll=0.005)  # no heartbeat comes in time
    async with running(responder, slow, desk=ClaimingDesk(thread())):
        await accept(store, said("e1"))
        await eventually(lambda: responder.running.total() == 1)
        await accept(store, said("e2", where="staff", audience=Audience.STAFF))
        await eventually(lambda: len(responder.cancelled) == 1)
    assert metrics.total(Counter.TURNS_LOST) == 1


async def test_a_zombies_answer_is_refused(store: SqlStore, running: Running, clock: ManualClock) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    await accept(store, said("e1", "Hello"))
    async with running(responder, DispatcherSettings(lease=3600.0, poll=0.005)):
        await eventually(lambda: responder.running.total() == 1)
        clock.move(3601.0)
        (other,) = await claim(store, lease=3600.0)
        responder.gate.set()
        await eventually(lambda: responder.running.total() == 0)
        held = await store.extend([other.claim], 3600.0)
        assert held == {ID}
    assert await _texts(store) == ["Hello"]


async def test_a_turn_that_fails_is_tried_again_later(store: SqlStore, running: Running, clock: ManualClock) -> None:
    failures = [ValueError("one"), ValueError("two")]

    async def fail_twice(turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        if failures:
            raise failures.pop(0)
        return reply("at last")

    responder = Echo(fail_twice)
    await accept(store, said("e1", "Hello"), said("x1", "Hi", where="t2"))
    async with running(responder):
        for seconds in (2.0, 4.0):
            await eventually(lambda: _at_rest(store))
            clock.move(seconds)
        await eventually(lambda: _handled(store))
    assert await _texts(store, "t1") == ["Hello", "at last"]
    assert await _texts(store, "t2") == ["Hi", "at last"]


async def _at_rest(store: SqlStore) -> bool:
    """Nobody works on anything now: every pending conversation waits for its time."""
    from sqlalchemy import func, select

    from core.storage.tables import conversation

    columns = conversation.c
    working = select(func.count()).where(columns.done_seq < columns.last_seq, columns.attempts == 0)
    leased = select(func.count()).where(columns.lease_until.is_not(None))
    return await store.database.read(
        lambda connection: not connection.scalar(leased) and not connection.scalar(working)
    ) or await _handled(store)


async def test_a_turn_that_fails_for_good_is_said_honestly(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    async def fail(_turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        raise ValueError("never works")

    responder = Echo(fail)
    await accept(store, said("e1", "Hello"))
    async with running(responder, DispatcherSettings(poll=0.005, max_attempts=3)):

        async def answered_after_moving() -> bool:
            clock.move(1.0)
            return await _handled(store)

        await eventually(answered_after_moving)
    assert len(responder.turns) == 3
    said_back = (await store.messages(ID))[-1]
    assert (said_back.author, said_back.kind) == (Author.AGENT, MessageKind.FAILURE)
    assert said_back.meta["offers_person"] is True
    conversation = await store.conversation(ID)
    assert conversation is not None
    assert conversation.state == OwnershipState.BOT


async def test_one_that_always_fails_holds_up_nobody(store: SqlStore, running: Running) -> None:
    async def fail_for_one(turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        if turn.conversation.key.thread == "t1":
            raise ValueError("never works")
        return reply("fine")

    await accept(store, said("e1"), said("x1", "Hi", where="t2"))
    async with running(Echo(fail_for_one)):
        await eventually(lambda: _answered(store, "t2"))


async def _answered(store: SqlStore, where: str) -> bool:
    return len(await _texts(store, where)) == 2


async def test_stopping_lets_turns_end(store: SqlStore, running: Running) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    await accept(store, said("e1", "Hello"))
    async with running(responder):
        await eventually(lambda: responder.running.total() == 1)
        asyncio.get_running_loop().call_later(0.02, responder.gate.set)
    assert await _texts(store) == ["Hello", "Hello"]
    assert responder.cancelled == []


async def test_stopping_gives_back_what_takes_too_long(store: SqlStore, running: Running) -> None:
    responder = Echo()
    responder.gate = asyncio.Event()
    await accept(store, said("e1", "Hello"))
    async with running(responder, grace=0.01):
        await eventually(lambda: responder.running.total() == 1)
    assert responder.cancelled == [f"{ID}:1"]
    (state,) = await claim(store)
    assert state.conversation.attempts == 0, "free at once, and not counted as a failure"


class Troubled:
    """A store whose claim fails, or is slow, as the test says."""

    def __init__(self, store: SqlStore, *failures: Exception) -> None:
        self._store = store
        self._failures = list(failures)
        self.granted = asyncio.Event()
        self.gate: asyncio.Event | None = None

    async def claim(self, *arguments: Any, **options: Any) -> Any:
        if self._failures:
            raise self._failures.pop(0)
        states = await self._store.claim(*arguments, **options)
        if states:
            self.granted.set()
            if self.gate is not None:
                await self.gate.wait()
        return states

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_stopping_cuts_off_no_claim(store: SqlStore, running: Running) -> None:
    await accept(store, said("e1", "Hello"))
    slow = Troubled(store)
    slow.gate = asyncio.Event()
    async with running(Echo(), store=slow):
        await slow.granted.wait()
        asyncio.get_running_loop().call_later(0.02, slow.gate.set)
    assert await _texts(store) == ["Hello", "Hello"]


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), RuntimeError("nobody expected this")])
async def test_it_goes_on_when_the_database_is_back(store: SqlStore, running: Running, failure: Exception) -> None:
    await accept(store, said("e1", "Hello"))
    async with running(Echo(), store=Troubled(store, failure)):
        await eventually(lambda: _handled(store))


async def test_an_outage_during_a_turn_is_no_failure_of_the_turn(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    class NoFinish(Troubled):
        refusals = 6

        async def finish(self, outcomes: Any, lanes: Any = ()) -> Any:
            if self.refusals > 0:
                self.refusals -= 1
                raise StoreUnavailable("away")
            return await self._store.finish(outcomes, lanes)

    await accept(store, said("e1", "Hello"))
    async with running(Echo(), DispatcherSettings(poll=0.005, max_attempts=2), store=NoFinish(store)):

        async def answered_after_moving() -> bool:
            clock.move(30.0)
            return await _handled(store)

        await eventually(answered_after_moving)
    assert await _texts(store) == ["Hello", "Hello"], "answered in the end, and never given up"


async def test_starting_and_stopping_without_work(running: Running, store: SqlStore) -> None:
    async with running(Echo()) as dispatcher:
        await dispatcher.stop()
    await dispatcher.stop()


async def test_a_message_that_kills_its_workers_is_given_up(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    await accept(store, said("e1", "Hello"))
    for _ in range(3):
        await claim(store)
        clock.move(6.0)
    responder = Echo()
    async with running(responder, DispatcherSettings(poll=0.005)):
        await eventually(lambda: _handled(store))
    assert responder.turns == [], "it is not begun a fourth time"
    said_last = (await store.messages(ID))[-1]
    assert said_last.kind is MessageKind.FAILURE
    assert said_last.author is Author.AGENT


class BrokenDesk(NotedDesk):
    """A desk that cannot be reached for a while."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def relay(self, turn: TurnState) -> DeskReply:
        if self.failures > 0:
            self.failures -= 1
            raise RuntimeError("the desk is away")
        return await super().relay(turn)


async def test_a_message_for_staff_is_tried_until_it_arrives(
    store: SqlStore, metrics: CountedMetrics, wake: LocalWake, clock: ManualClock
) -> None:
    await accept(store, said("e1", "Is anybody there?"))
    await change_owner(store, ID, Transition(OwnershipEvent.CLAIM, owner="Eva"))
    desk = BrokenDesk(failures=5)
    settings = DispatcherSettings(poll=0.005, max_attempts=2)
    dispatcher = Dispatcher(store, Turn(Echo(), desk, {}, metrics, sorry), wake, metrics, settings)
    await dispatcher.start()

    async def relayed() -> bool:
        clock.move(5.0)
        return desk.relayed == ["Is anybody there?"] and await _handled(store)

    await eventually(relayed)
    await dispatcher.stop()
    assert await _texts(store) == ["Is anybody there?", "Passed on."], "the agent said nothing"
