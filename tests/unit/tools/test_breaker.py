"""When a server is left alone, which call decides that it works again, and what does not count."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.domain.errors import AuthFailed, OutcomeUnknown, ToolError, Unreachable
from core.ports.metrics import Gauge, NoMetrics
from core.tools.breaker import Breaker


class Gauges(NoMetrics):
    def __init__(self) -> None:
        self.up: list[float] = []

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None:
        assert (gauge, labels) == (Gauge.TOOL_SERVER_UP, {"server": "shop"})
        self.up.append(value)


class World:
    """A breaker that opens after three failures for 30 seconds. ``now``: the time. ``called``: calls that reached the server."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.called = 0
        self.metrics = Gauges()
        self.breaker = Breaker("shop", self.metrics, failures=3, pause=30.0)

    async def call(self, ends_with: BaseException | None = None, after: Awaitable[object] | None = None) -> str:
        async def call() -> str:
            self.called += 1
            if after is not None:
                await after
            if ends_with is not None:
                raise ends_with
            return "in Lisbon"

        return await self.breaker.run(call)

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(Unreachable, match="away"):
                await self.call(Unreachable("away"))

    async def is_left_alone(self) -> bool:
        """Ask it, which resets its failures when it is not left alone."""
        before = self.called
        try:
            await self.call()
        except Unreachable:
            return self.called == before
        return False


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("core.tools.breaker.monotonic", lambda: made.now)
    return made


async def test_it_opens_after_failures_in_a_row_and_closes_after_a_trial_that_works(world: World) -> None:
    await world.fail(2)
    assert await world.call() == "in Lisbon"
    await world.fail(2)
    assert not await world.is_left_alone(), "a call that worked came between"
    await world.fail(3)
    assert await world.is_left_alone()
    world.now += 29.9
    assert await world.is_left_alone()
    world.now += 0.1
    assert await world.call() == "in Lisbon"
    await world.fail(2)
    assert not await world.is_left_alone(), "it begins to count anew"
    assert world.metrics.up == [1, 0, 1]


async def test_a_trial_that_fails_opens_it_for_another_pause(world: World) -> None:
    await world.fail(3)
    world.now += 30
    with pytest.raises(OutcomeUnknown):
        await world.call(OutcomeUnknown("late"))
    world.now += 29.9
    assert await world.is_left_alone()
    world.now += 0.1
    assert not await world.is_left_alone()
    assert world.metrics.up == [1, 0, 1]


async def test_one_call_alone_is_the_trial(world: World) -> None:
    await world.fail(3)
    world.now += 30
    answers = asyncio.Event()
    trial = asyncio.create_task(world.call(after=answers.wait()))
    await _begun(world, 4)
    others = await asyncio.gather(*(world.call() for _ in range(20)), return_exceptions=True)
    assert {type(one) for one in others} == {Unreachable}
    assert world.called == 4
    answers.set()
    assert await trial == "in Lisbon"
    assert not await world.is_left_alone()


async def test_a_cancelled_trial_counts_as_nothing_and_frees_the_place(world: World) -> None:
    await world.fail(3)
    world.now += 30
    trial = asyncio.create_task(world.call(after=asyncio.Event().wait()))
    await _begun(world, 4)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert world.metrics.up == [1, 0], "nobody knows that it works"
    await world.fail(1)
    assert await world.is_left_alone(), "the next call was the trial"


async def test_a_cancelled_call_does_not_end_a_row_of_failures(world: World) -> None:
    await world.fail(2)
    waiting = asyncio.create_task(world.call(after=asyncio.Event().wait()))
    await _begun(world, 3)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await world.fail(1)
    assert await world.is_left_alone()


@pytest.mark.parametrize("error", [TimeoutError(), asyncio.CancelledError(), RuntimeError("a fault of ours")])
async def test_what_is_no_fault_of_the_server_never_opens_it(world: World, error: BaseException) -> None:
    for _ in range(9):
        with pytest.raises(type(error)):
            await world.call(error)
    assert not await world.is_left_alone()


@pytest.mark.parametrize("error", [ToolError("no such order"), AuthFailed("401")])
async def test_a_refusal_shows_that_the_server_works(world: World, error: Exception) -> None:
    await world.fail(2)
    with pytest.raises(type(error)):
        await world.call(error)
    await world.fail(2)
    assert not await world.is_left_alone()


@pytest.mark.parametrize("ends_with", [None, Unreachable("away")])
async def test_a_call_that_began_before_it_opened_decides_nothing(world: World, ends_with: Exception | None) -> None:
    ended = asyncio.Event()
    early = asyncio.create_task(world.call(ends_with, ended.wait()))
    await _begun(world, 1)
    await world.fail(3)
    world.now += 20
    ended.set()
    await asyncio.gather(early, return_exceptions=True)
    assert await world.is_left_alone(), "a late success does not close it"
    world.now += 10
    assert not await world.is_left_alone(), "a late failure does not prolong the pause"


async def test_calls_from_before_it_opened_do_not_open_it_again_after_a_good_trial(world: World) -> None:
    ended = asyncio.Event()
    early = [asyncio.create_task(world.call(Unreachable("away"), ended.wait())) for _ in range(3)]
    await _begun(world, 3)
    await world.fail(3)
    world.now += 30
    await world.call()
    ended.set()
    await asyncio.gather(*early, return_exceptions=True)
    assert not await world.is_left_alone()


async def test_failures_side_by_side_open_it_once(world: World) -> None:
    ended = asyncio.Event()
    calls: list[asyncio.Task[str]] = [
        asyncio.create_task(world.call(Unreachable("away"), ended.wait())) for _ in range(20)
    ]
    await _begun(world, 20)
    ended.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert world.metrics.up == [1, 0]


async def _begun(world: World, calls: int) -> None:
    await _turns_until(lambda: world.called == calls)


async def _turns_until(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("the calls did not begin")
