"""A turn that commits, or gives its claim back, hears of it late: the conversation may have been claimed again by then."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.errors import Superseded
from core.ports.metrics import Counter
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from tests.contract.stores.sayings import accept, said, thread
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.responders import Echo, NotedDesk, reply, sorry


async def _handled(store: SqlStore) -> bool:
    return (await store.counts())["conversations_pending"] == 0


class Slow:
    """A store whose first commit or release is heard of late, when the conversation has been claimed again."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._claims = 0
        self._claimed_again = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, *given: Any, **named: Any) -> Any:
        states = await self._store.claim(*given, **named)
        self._claims += len(states)
        if self._claims > 1:
            asyncio.get_running_loop().call_later(0.02, self._claimed_again.set)  # when its turn has begun
        return states

    async def finish(self, *given: Any) -> Any:
        finished = await self._store.finish(*given)
        await self._claimed_again.wait()
        return finished

    async def release(self, *given: Any) -> None:
        await self._store.release(*given)
        await self._claimed_again.wait()


@pytest.mark.parametrize("superseded", [False, True])
async def test_a_turn_that_has_given_its_claim_up_is_not_lost(
    store: SqlStore, metrics: CountedMetrics, superseded: bool
) -> None:
    async def work(turn: TurnState, _turn_id: str, _events: TurnEvents) -> Reply:
        if superseded and len(turn.pending) == 1:
            raise Superseded("more was written")
        return reply(" + ".join(message.text for message in turn.pending))

    responder = Echo(work)
    responder.gate = asyncio.Event()
    slow: Any = Slow(store)
    turn, wake = Turn(responder, NotedDesk(), {}, metrics, sorry), LocalWake()
    dispatcher = Dispatcher(slow, turn, wake, metrics, DispatcherSettings(poll=0.005), rng=random.Random(1))
    await dispatcher.start()
    try:
        await accept(store, said("e1", "first"))
        await eventually(lambda: responder.running.total() == 1)
        await accept(store, said("e2", "second"))
        responder.gate.set()
        await eventually(lambda: _handled(store))
    finally:
        await dispatcher.stop()
    said_at_last = (await store.messages(thread("t1").conversation_id))[2:]
    assert [one.text for one in said_at_last] == ["first + second"]
    assert metrics.total(Counter.TURNS_LOST) == 0
    assert not responder.cancelled
