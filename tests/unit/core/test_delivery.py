"""A lane by what the provider does: each kind of error has its consequence, and no doubt is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from core.delivery import DeliveryService, DeliverySettings
from core.domain.capabilities import Capabilities, Pace
from core.domain.delivery import DeliveryStatus
from core.domain.errors import (
    AuthFailed,
    RateLimited,
    Rejected,
    StoreUnavailable,
    Unreachable,
)
from core.ports.metrics import Counter, Gauge
from core.ports.store import Settlement
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered
from tests.patience import PATIENCE
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import FAST, Running, status_of
from tests.unit.core.scripted_channel import HANG, ScriptedChannel


async def test_messages_are_sent_in_order(store: SqlStore, running: Running, metrics: CountedMetrics) -> None:
    await answered(store, "one", "two\nthree", "four")
    channel = ScriptedChannel()
    async with running(channel) as service:
        await eventually(lambda: len(channel.arrived) == 4)
        assert service.statuses()[0].paused is None
    assert channel.arrived == ["one", "two", "three", "four"]
    assert len(set(channel.keys)) == 4
    assert metrics.total(Counter.DELIVERIES) == 3
    assert (await store.counts())["deliveries_due"] == 0


async def test_conversations_are_sent_side_by_side(store: SqlStore, running: Running) -> None:
    for number in range(5):
        await answered(store, "x", where=f"t{number}", event=f"e{number}")
    channel = ScriptedChannel()
    channel.gate = asyncio.Event()
    async with running(channel):
        await eventually(lambda: channel.in_flight == 5)
        channel.gate.set()
        await eventually(lambda: len(channel.arrived) == 5)


async def test_rate_limited(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(RateLimited("slow down", retry_after=30.0))
    async with running(channel):
        waiting = await status_of(row, DeliveryStatus.DUE)
        assert waiting.due_at == pytest.approx(clock.now().timestamp() + 30.0)
        assert waiting.uncertain is False
        clock.move(29.0)
        clock.move(2.0)
        await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "one"]


@pytest.mark.parametrize(("asked", "granted"), [(1e12, 3600.0), (float("inf"), 3600.0), (-5.0, 0.0)])
async def test_no_provider_silences_an_account_for_days(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, asked: float, granted: float
) -> None:
    await answered(store, "one", "two")
    pace = Pace(messages=100, seconds=1.0)
    limited = RateLimited("slow down", retry_after=asked)
    channel = ScriptedChannel(limited, capabilities=Capabilities(text_limit=1000, pace=pace))
    began = clock.now().timestamp()
    async with running(channel):
        await eventually(lambda: channel.sent == ["one"] or len(channel.sent) > 1)
        if granted:
            waiting = await status_of(row, DeliveryStatus.DUE)
            assert waiting.due_at == pytest.approx(began + granted)
        clock.move(granted + 1.0)
        await eventually(lambda: channel.arrived == ["one", "two"])


async def test_a_limit_holds_back_the_whole_account(store: SqlStore, running: Running, clock: ManualClock) -> None:
    pace = Pace(messages=100, seconds=10.0)
    await answered(store, "one", where="t1", event="e1")
    channel = ScriptedChannel(
        RateLimited("slow down", retry_after=2.0), capabilities=Capabilities(text_limit=1000, pace=pace)
    )
    async with running(channel):
        await eventually(lambda: channel.sent == ["one"])

        async def paused() -> bool:
            return (await store.reserve("web:main", pace, 1))[0] == 0

        await eventually(paused)
    await answered(store, "two", where="t2", event="e2")
    clock.move(1.0)
    assert (await store.reserve("web:main", pace, 1))[0] == 0
    clock.move(1.5)
    async with running(channel):
        await eventually(lambda: len(channel.arrived) == 2)


async def test_unreachable(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one", "two")
    channel = ScriptedChannel(Unreachable("503"), Unreachable("503"))
    async with running(channel):
        for attempt in (1, 2):
            waiting = await status_of(row, DeliveryStatus.DUE, attempt)
            assert waiting.attempts == attempt
            assert waiting.uncertain is False
            assert 0 < waiting.due_at - clock.now().timestamp() <= 2.0**attempt
            clock.move(2.0**attempt)
            await eventually(lambda expected=attempt + 1: len(channel.sent) >= expected)  # type: ignore[misc]
        await eventually(lambda: len(channel.arrived) == 2)
    assert channel.arrived == ["one", "two"]


async def test_rejected(store: SqlStore, running: Running, row: Any, metrics: CountedMetrics) -> None:
    await answered(store, "one", "two")
    channel = ScriptedChannel(Rejected("blocked by the customer"))
    async with running(channel):
        await eventually(lambda: channel.arrived == ["two"])
        dead = await status_of(row, DeliveryStatus.DEAD)
    assert not dead.possible_duplicate
    (letter,) = await store.dead_letters()
    assert letter.error == "blocked by the customer"
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 0


async def test_what_the_channel_cannot_show_is_a_dead_letter(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "this cannot be shown")
    channel = ScriptedChannel()
    async with running(channel):
        await status_of(row, DeliveryStatus.DEAD)
    assert channel.sent == []


async def test_bad_credentials_pause_the_channel_and_lose_nothing(
    store: SqlStore, running: Running, metrics: CountedMetrics
) -> None:
    for number in range(4):
        await answered(store, f"m{number}", where=f"t{number}", event=f"e{number}")
    channel = ScriptedChannel(*[AuthFailed("token revoked")] * 6)
    async with running(channel) as service:
        await eventually(lambda: service.statuses()[0].paused == "token revoked")
        assert metrics.gauges[Gauge.CHANNEL_UP] == 0
        await eventually(lambda: len(channel.sent) >= 5)
        channel.most_in_flight = 0
        await eventually(lambda: len(channel.arrived) == 4)
        assert service.statuses()[0].paused is None
        assert metrics.gauges[Gauge.CHANNEL_UP] == 1
    assert sorted(channel.arrived) == ["m0", "m1", "m2", "m3"]
    assert await store.dead_letters() == []


async def test_while_paused_one_message_at_a_time_is_tried(store: SqlStore, running: Running) -> None:
    for number in range(4):
        await answered(store, f"m{number}", where=f"t{number}", event=f"e{number}")
    channel = ScriptedChannel(*[AuthFailed("token revoked")] * 4)
    async with running(channel, DeliverySettings(poll=0.005, auth_retry=0.05)) as service:
        await eventually(lambda: len(channel.sent) >= 4)
        assert service.statuses()[0].paused is not None
        channel.script = [AuthFailed("still")] * 3
        channel.most_in_flight = 0
        await eventually(lambda: not channel.script)
        assert channel.most_in_flight == 1


async def test_after_a_day_it_is_a_dead_letter(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(*[Unreachable("503")] * 50)
    clock.move(FAST.give_up_after + 3600)
    async with running(channel):
        dead = await status_of(row, DeliveryStatus.DEAD)
    assert "25 hours" in dead.last_error
    assert "503" in dead.last_error


class DeafStore:
    """A store whose settlements are not taken for a while."""

    def __init__(self, store: SqlStore, deaf: int) -> None:
        self._store = store
        self.deaf = deaf
        self.claims = 0
        self.claims_while_deaf = 0

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        if self.deaf > 0:
            self.deaf -= 1
            raise StoreUnavailable("away")
        return await self._store.settle(settlements)

    async def claim_deliveries(self, *arguments: Any) -> Any:
        self.claims += 1
        return await self._store.claim_deliveries(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_a_result_is_told_until_the_database_listens(
    store: SqlStore, running: Running, row: Any, clock: ManualClock
) -> None:
    await answered(store, "one", "two")
    deaf = DeafStore(store, deaf=2)
    channel = ScriptedChannel()
    async with running(channel, store=deaf):
        await eventually(lambda: deaf.deaf == 1)
        clock.move(FAST.lease + 1)  # from here on anybody could claim it again
        await eventually(lambda: len(channel.arrived) == 2)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "two"]
    assert not sent.possible_duplicate


async def test_a_lane_survives_what_nobody_expected(store: SqlStore, running: Running) -> None:
    await answered(store, "one")

    class Broken(DeafStore):
        async def claim_deliveries(self, *arguments: Any) -> Any:
            self.claims += 1
            if self.claims == 1:
                raise RuntimeError("nobody expected this")
            if self.claims == 2:
                raise StoreUnavailable("away")
            return await self._store.claim_deliveries(*arguments)

    channel = ScriptedChannel()
    async with running(channel, store=Broken(store, deaf=0)):
        await eventually(lambda: channel.arrived == ["one"])


async def test_stopping_finishes_what_is_being_sent(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "one", "two")
    channel = ScriptedChannel()
    channel.gate = asyncio.Event()
    async with running(channel):
        await eventually(lambda: channel.in_flight == 1)
        asyncio.get_running_loop().call_later(0.02, channel.gate.set)
    sent = await row()
    assert sent.status == DeliveryStatus.SENT
    assert channel.sent == ["one"], "nothing further is begun"


async def test_stopping_cuts_off_no_claim(store: SqlStore, running: Running, row: Any) -> None:
    """A claim that was granted but not begun would come back in doubt, although nothing was sent."""
    await answered(store, "one")
    granted, let_go = asyncio.Event(), asyncio.Event()

    class Slow(DeafStore):
        async def claim_deliveries(self, *arguments: Any) -> Any:
            found = await self._store.claim_deliveries(*arguments)
            granted.set()
            await let_go.wait()
            return found

    channel = ScriptedChannel()
    async with running(channel, store=Slow(store, deaf=0)) as service:
        await granted.wait()
        stopping = asyncio.create_task(service.stop(grace=5.0))
        await asyncio.sleep(0)
        let_go.set()
        await stopping
    sent = await row()
    assert (sent.status, sent.uncertain) == (DeliveryStatus.SENT, False)


async def test_stopping_ends_while_the_database_is_away(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel()
    deaf = DeafStore(store, deaf=1_000_000)
    async with running(channel, store=deaf) as service:
        await eventually(lambda: channel.arrived == ["one"])
        async with asyncio.timeout(PATIENCE):
            await service.stop(grace=0.2)
    assert (await row()).status == DeliveryStatus.SENDING, "a successor finds it after its lease"


@pytest.mark.parametrize("operation", ["claim_deliveries", "settle"])
async def test_stopping_ends_while_the_database_does_not_answer(
    store: SqlStore, running: Running, operation: str
) -> None:
    await answered(store, "one")
    asked, answers = asyncio.Event(), asyncio.Event()

    async def silence(*arguments: Any) -> Any:
        asked.set()
        await answers.wait()
        return await getattr(store, operation)(*arguments)

    silent = DeafStore(store, deaf=0)
    setattr(silent, operation, silence)
    async with running(ScriptedChannel(), store=silent) as service:
        await asked.wait()
        async with asyncio.timeout(PATIENCE):
            await service.stop(grace=0.2)
        answers.set()


async def test_what_is_cut_off_does_not_go_on(store: SqlStore, running: Running) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(HANG)
    async with running(channel) as service:
        await eventually(lambda: channel.in_flight == 1)
        await service.stop(grace=0.05)
        assert channel.in_flight == 0


async def test_an_account_that_nobody_serves_is_noticed(store: SqlStore, running: Running, clock: ManualClock) -> None:
    await answered(store, "one")
    clock.move(FAST.give_up_after + 1)
    channel = ScriptedChannel()
    channel.account = "another"

    async def buried() -> bool:
        return len(await store.dead_letters()) == 1

    async with running(channel, DeliverySettings(poll=0.005, sweep=0.01)):
        await eventually(buried)
    assert channel.sent == []


async def test_a_pace_is_kept(store: SqlStore, running: Running, clock: ManualClock) -> None:
    for number in range(6):
        await answered(store, f"m{number}", where=f"t{number}", event=f"e{number}")
    pace = Pace(messages=2, seconds=1.0)
    channel = ScriptedChannel(capabilities=Capabilities(text_limit=1000, pace=pace))
    async with running(channel):
        await eventually(lambda: len(channel.arrived) == 2)
        for expected in (3, 4, 5, 6):
            clock.move(0.51)
            await eventually(lambda wanted=expected: len(channel.arrived) == wanted)  # type: ignore[misc]


async def test_the_pace_counts_calls_not_messages(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """A long message, or one with files, takes several calls; the provider counts each of them."""
    await answered(store, "a\nb\nc", where="t1", event="e1")
    await answered(store, "d", where="t2", event="e2")
    pace = Pace(messages=2, seconds=20.0)
    channel = ScriptedChannel(capabilities=Capabilities(text_limit=1000, pace=pace))
    async with running(channel):
        await eventually(lambda: len(channel.arrived) == 2)
        waiting = await status_of(row, DeliveryStatus.DUE)
        assert waiting.parts_done == 1
        for expected in (3, 4):
            clock.move(7.0)
            assert len(channel.arrived) == expected - 1
            await eventually(lambda wanted=expected: clock.move(0.02) or len(channel.arrived) == wanted)  # type: ignore[misc, func-returns-value]
    assert sorted(channel.sent) == ["a", "b", "c", "d"], "nothing is begun again"
    assert [part for part in channel.arrived if part != "d"] == ["a", "b", "c"]
    assert (await store.counts())["deliveries_due"] == 0


async def test_where_the_pace_soon_leaves_room_the_rest_follows_at_once(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "a\nb\nc")
    pace = Pace(messages=1, seconds=0.5)
    channel = ScriptedChannel(capabilities=Capabilities(text_limit=1000, pace=pace))
    async with running(channel):
        for expected in (1, 2, 3):
            await eventually(lambda wanted=expected: len(channel.arrived) == wanted)  # type: ignore[misc]
            clock.move(0.51)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert sent.attempts == 1


async def test_one_broken_provider_holds_up_nobody_else(
    store: SqlStore, clock: ManualClock, metrics: CountedMetrics
) -> None:
    await answered(store, "one")
    stuck, fine = ScriptedChannel(HANG), ScriptedChannel()
    stuck.account = "other"
    service = DeliveryService([stuck, fine], store, LocalWake(), clock, metrics, FAST)
    await service.start()
    await eventually(lambda: fine.arrived == ["one"])
    await service.stop(grace=0.01)
