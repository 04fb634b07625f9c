"""What a customer adds before anything of the answer was shown begins the turn anew, once, with all of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from structlog.testing import capture_logs

from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.capabilities import Capabilities
from core.domain.conversation import Conversation, OwnershipEvent
from core.domain.errors import StoreUnavailable
from core.ports.channel import StreamFrame
from core.ports.outcomes import Claim
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Transition, TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from core.turn_files import Prepare
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, change_owner, customer, said, thread
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.responders import Echo, NotedDesk, reply, sorry

ID = thread().conversation_id


class Screen:
    """A channel that shows answers while they are written, under the fence of the store."""

    capabilities = Capabilities(text_limit=1000, stream=True, event_log=True)

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.shown: list[str] = []

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        claim = Claim(conversation.id, frames[0].epoch, frames[0].answers_to)
        await self._store.still_held(claim)
        self.shown += [str(frame.body["delta"]) for frame in frames if frame.kind == "text"]


async def show(screen: Screen, text: str, events: TurnEvents) -> None:
    """Return when it is shown. Raises what ended the write."""
    await events.text(text)
    while text not in screen.shown:
        await events.sources(())
        await asyncio.sleep(0.01)


@asynccontextmanager
async def at_work(
    store: SqlStore,
    responder: Echo,
    screen: Screen | None = None,
    turns: Any = None,
    wake: LocalWake | None = None,
    prepare: Prepare | None = None,
    most: int = 64,
) -> AsyncIterator[None]:
    """A dispatcher of ``most`` turns. Only with a ``wake`` does it hear of what was added before it writes or commits."""
    channels = {} if screen is None else {"web": screen}
    turn = Turn(responder, NotedDesk(), channels, CountedMetrics(), sorry, prepare)  # type: ignore[arg-type]
    settings = DispatcherSettings(concurrency=most, lease=5.0, poll=0.005)
    dispatcher = Dispatcher(turns or store, turn, wake or LocalWake(), CountedMetrics(), settings, rng=random.Random(1))
    await dispatcher.start()
    try:
        yield
    finally:
        await dispatcher.stop(5.0)


async def all_handled(store: SqlStore) -> bool:
    return (await store.counts())["conversations_pending"] == 0


async def texts(store: SqlStore) -> list[str]:
    return [message.text for message in await store.messages(ID)]


def held() -> Echo:
    """Answers when its gate opens."""
    responder = Echo()
    responder.gate = asyncio.Event()
    return responder


async def test_what_is_added_is_answered_together(store: SqlStore) -> None:
    responder = held()
    await accept(store, said("e1", "one"))
    async with at_work(store, responder):
        await eventually(lambda: responder.running.total() == 1)
        for number in ("two", "three", "four", "five"):
            await accept(store, said(number, number))
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "three", "four", "five", "one + two + three + four + five"]
    assert responder.turns == [f"{ID}:1"] * 2, "one model call is wasted at most"


async def test_a_turn_begins_anew_only_once(store: SqlStore) -> None:
    """A customer who goes on writing is answered all the same."""
    responder = held()
    again = asyncio.Event()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        if len(responder.turns) == 2:
            await again.wait()
        return reply(" + ".join(message.text for message in turn.pending))

    responder.work = work
    await accept(store, said("e1", "one"))
    async with at_work(store, responder):
        await eventually(lambda: responder.running.total() == 1)
        await accept(store, said("e2", "two"))
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: len(responder.turns) == 2)
        await accept(store, said("e3", "three"))
        again.set()
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "three", "one + two", "three"]
    assert len(responder.turns) == 3


async def test_the_next_turn_may_begin_anew_again(store: SqlStore) -> None:
    async def ask(first: str, second: str) -> None:
        responder.gate.clear()  # type: ignore[union-attr]
        began = len(responder.turns)
        await accept(store, said(first, first))
        await eventually(lambda: len(responder.turns) == began + 1)
        await accept(store, said(second, second))
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))

    responder = held()
    async with at_work(store, responder):
        await ask("one", "two")
        await ask("three", "four")
    assert [text for text in await texts(store) if "+" in text] == ["one + two", "three + four"]


async def test_what_was_shown_is_never_dropped(store: SqlStore) -> None:
    screen, responder = Screen(store), held()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        said_now = " + ".join(message.text for message in turn.pending)
        await show(screen, said_now, events)
        if len(responder.turns) == 1:
            await accept(store, said("e2", "two"))
        return reply(said_now)

    responder.work = work
    responder.gate.set()  # type: ignore[union-attr]
    await accept(store, said("e1", "one"))
    async with at_work(store, responder, screen):
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one", "two"]
    assert screen.shown == ["one", "two"]


async def test_nothing_is_shown_of_what_is_outdated(store: SqlStore) -> None:
    screen, responder = Screen(store), held()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        said_now = " + ".join(message.text for message in turn.pending)
        if len(responder.turns) == 1:
            await accept(store, said("e2", "two"))
        await show(screen, said_now, events)
        return reply(said_now)

    responder.work = work
    responder.gate.set()  # type: ignore[union-attr]
    await accept(store, said("e1", "one"))
    async with at_work(store, responder, screen):
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one + two"]
    assert screen.shown == ["one + two"]


async def test_a_turn_that_called_a_tool_goes_on(store: SqlStore) -> None:
    """Its effect is part of the answer."""
    responder = held()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        await events.tool_call("refund", "started")
        if len(responder.turns) == 1:
            await accept(store, said("e2", "two"))
        return reply(" + ".join(message.text for message in turn.pending))

    responder.work = work
    responder.gate.set()  # type: ignore[union-attr]
    await accept(store, said("e1", "one"))
    async with at_work(store, responder):
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one", "two"]


async def test_another_member_of_a_group_restarts_nothing(store: SqlStore) -> None:
    responder = held()
    await accept(store, said("e1", "one", who=customer("ada"), shared=True))
    async with at_work(store, responder):
        await eventually(lambda: responder.running.total() == 1)
        await accept(store, said("e2", "two", who=customer("bob"), shared=True, addressed=True))
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert await texts(store) == ["one", "two", "one", "two"]
    assert len(responder.turns) == 2


async def test_a_person_who_takes_over_ends_the_turn(store: SqlStore) -> None:
    """The fence comes before anything that the customer added."""
    responder = held()
    await accept(store, said("e1", "one"))
    async with at_work(store, responder):
        await eventually(lambda: responder.running.total() == 1)
        await change_owner(store, ID, Transition(OwnershipEvent.CLAIM, owner="grace"))
        await accept(store, said("e2", "two"))
        responder.gate.set()  # type: ignore[union-attr]
        await eventually(lambda: all_handled(store))
    assert not [text for text in await texts(store) if text.startswith("one +")]


async def test_a_database_that_is_away_when_a_turn_begins_anew_costs_a_lease(
    store: SqlStore, clock: ManualClock
) -> None:
    class Away:
        """The store, out of reach when a claim is given back."""

        def __init__(self) -> None:
            self.asked = asyncio.Event()

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def release(self, claims: Sequence[Claim]) -> None:
            self.asked.set()
            raise StoreUnavailable("The disk is full.")

    away, screen, responder = Away(), Screen(store), held()

    async def work(turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        said_now = " + ".join(message.text for message in turn.pending)
        if len(responder.turns) == 1:
            await accept(store, said("e2", "two"))
        await show(screen, said_now, events)
        return reply(said_now)

    responder.work = work
    responder.gate.set()  # type: ignore[union-attr]
    await accept(store, said("e1", "one"))
    with capture_logs() as logs:
        async with at_work(store, responder, screen, away):
            await away.asked.wait()
            clock.move(6.0)
            await eventually(lambda: all_handled(store))
    assert [one["event"] for one in logs if "lease" in one["event"]] == ["turn.lease_left_to_expire"]
    assert await texts(store) == ["one", "two", "one + two"]
