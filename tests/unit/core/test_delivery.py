"""A lane by what the provider does: each kind of error has its consequence, and no doubt is forgotten."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.delivery import DeliveryService, DeliverySettings
from core.domain.capabilities import Capabilities, Pace
from core.domain.delivery import DeliveryStatus
from core.domain.errors import (
    AuthFailed,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    StoreUnavailable,
    Unreachable,
)
from core.domain.messages import Receipt
from core.ports.metrics import Counter, Gauge
from core.ports.store import Settlement
from core.storage.store import SqlStore
from core.storage.tables import outbox
from core.storage.wake_local import LocalWake
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.scripted_channel import HANG, QueryableChannel, ScriptedChannel

FAST = DeliverySettings(poll=0.005, auth_retry=0.02, retry_first=1.0)
Running = Callable[..., Any]


@pytest.fixture
def running(store: SqlStore, clock: ManualClock, metrics: CountedMetrics) -> Running:
    """``async with running(channel) as service``: a delivery service at work on the store."""

    @asynccontextmanager
    async def run(
        channel: Any, settings: DeliverySettings = FAST, store: Any = store
    ) -> AsyncIterator[DeliveryService]:
        service = DeliveryService([channel], store, LocalWake(), clock, metrics, settings, rng=random.Random(1))
        await service.start()
        try:
            yield service
        finally:
            await service.stop(grace=5.0)

    return run


@pytest.fixture
def row(store: SqlStore) -> Callable[[], Any]:
    """``await row()``: the first outbox row as it is."""

    async def look() -> Any:
        return await store.database.read(
            lambda connection: connection.execute(outbox.select().order_by(outbox.c.seq)).first()
        )

    return look


async def _status(row: Callable[[], Any], status: DeliveryStatus, attempts: int = 1) -> Any:
    """The row, once it was settled so after that many tries."""
    found: list[Any] = []

    async def there() -> bool:
        found[:] = [await row()]
        tried = found[0].attempts >= attempts and found[0].token is None
        return bool(found[0].status == status and tried)

    await eventually(there)
    return found[0]


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
        waiting = await _status(row, DeliveryStatus.DUE)
        assert waiting.due_at == pytest.approx(clock.now().timestamp() + 30.0)
        assert waiting.uncertain is False
        clock.move(29.0)
        clock.move(2.0)
        await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "one"]


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
            waiting = await _status(row, DeliveryStatus.DUE, attempt)
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
        dead = await _status(row, DeliveryStatus.DEAD)
    assert not dead.possible_duplicate
    (letter,) = await store.dead_letters()
    assert letter.error == "blocked by the customer"
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 0


async def test_what_the_channel_cannot_show_is_a_dead_letter(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "this cannot be shown")
    channel = ScriptedChannel()
    async with running(channel):
        await _status(row, DeliveryStatus.DEAD)
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


async def test_in_doubt_and_nobody_to_ask_it_is_sent_again_once(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, metrics: CountedMetrics
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(OutcomeUnknown("time-out"))
    async with running(channel):
        waiting = await _status(row, DeliveryStatus.DUE)
        assert waiting.uncertain
        clock.move(2.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert sent.possible_duplicate
    assert channel.sent == ["one", "one"]
    assert channel.keys[0] == channel.keys[1], "whoever can tell repetitions by their key must be able to"
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 1


async def test_in_doubt_twice_a_person_has_to_see_it(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one", "two")
    channel = ScriptedChannel(OutcomeUnknown("time-out"), OutcomeUnknown("time-out"))
    async with running(channel):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        dead = await _status(row, DeliveryStatus.DEAD)
        await eventually(lambda: channel.arrived == ["two"])
    assert dead.possible_duplicate
    assert "twice" in dead.last_error
    assert channel.sent == ["one", "one", "two"]


@pytest.mark.parametrize(
    "certain", [Unreachable("refused"), RateLimited("slow", retry_after=1.0), AuthFailed("revoked")]
)
async def test_a_certain_failure_does_not_settle_an_older_doubt(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, certain: Exception
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(OutcomeUnknown("time-out"), certain)
    async with running(channel):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        await eventually(lambda: len(channel.sent) >= 2)
        if not isinstance(certain, AuthFailed):
            await _status(row, DeliveryStatus.DUE, 2)
        clock.move(10.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert sent.possible_duplicate


async def test_asked_and_arrived(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[Receipt("p9")])
    async with running(channel):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]
    assert not sent.possible_duplicate
    assert sent.receipts == '["p9"]'


async def test_asked_and_not_arrived(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[None])
    async with running(channel):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "one"]
    assert not sent.possible_duplicate


async def test_asked_and_nobody_knows(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, metrics: CountedMetrics
) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[OutcomeUnknown("no record")])
    async with running(channel):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "one"]
    assert sent.possible_duplicate
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 1


async def test_a_question_that_fails_is_asked_again_before_anything_is_sent(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[Unreachable("503"), Receipt("p9")])
    async with running(channel):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        waiting = await _status(row, DeliveryStatus.DUE, 2)
        assert waiting.uncertain
        clock.move(10.0)
        await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]
    assert channel.asked == ["one", "one"]


async def test_where_repetitions_show_once_it_is_simply_sent_again(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(
        *[OutcomeUnknown("time-out")] * 3, capabilities=Capabilities(text_limit=1000, idempotent_send=True)
    )
    async with running(channel):
        for number in range(3):
            await _status(row, DeliveryStatus.DUE, number + 1)
            clock.move(10.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert not sent.possible_duplicate
    assert len(set(channel.keys)) == 1


async def test_only_the_part_in_doubt_is_sent_again(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one\ntwo\nthree")
    channel = QueryableChannel("ok", OutcomeUnknown("time-out"), answers=[None])
    async with running(channel):
        waiting = await _status(row, DeliveryStatus.DUE)
        assert (waiting.parts_done, waiting.uncertain) == (1, True)
        clock.move(2.0)
        sent = await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "two", "two", "three"]
    assert channel.asked == ["two"]
    assert sent.parts_done == 3


async def test_a_send_that_never_ends(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(HANG)
    async with running(channel, DeliverySettings(poll=0.005, send_timeout=0.02)):
        waiting = await _status(row, DeliveryStatus.DUE)
    assert waiting.uncertain


async def test_a_question_that_never_ends(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = QueryableChannel(HANG, answers=[HANG, Receipt("p1")])
    async with running(channel, DeliverySettings(poll=0.005, send_timeout=0.02)):
        await _status(row, DeliveryStatus.DUE)
        clock.move(2.0)
        waiting = await _status(row, DeliveryStatus.DUE, 2)
        assert waiting.uncertain
        clock.move(10.0)
        await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]


async def test_an_exception_in_the_middle_of_a_send_is_doubt(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(KeyError("ts"))
    async with running(channel):
        waiting = await _status(row, DeliveryStatus.DUE)
    assert waiting.uncertain, "the provider may have taken it before its answer could not be read"


async def test_nothing_is_sent_after_the_deadline(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """A worker that was frozen between its claim and its send must not begin: it may have a successor."""
    await answered(store, "one")
    channel = ScriptedChannel()
    real = channel.render

    def frozen(message: Any) -> Any:
        clock.move(FAST.send_timeout + 0.1)
        channel.render = real  # type: ignore[method-assign]
        return real(message)

    channel.render = frozen  # type: ignore[method-assign]
    async with running(channel):
        waiting = await _status(row, DeliveryStatus.DUE)
        assert channel.sent == []
        assert not waiting.uncertain
        clock.move(5.0)
        await _status(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]


async def test_a_dead_workers_message_comes_back_in_doubt(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    await store.claim_deliveries("web", "main", 1, FAST.lease)
    clock.move(FAST.lease + 1)
    channel = QueryableChannel(answers=[Receipt("p1")])
    async with running(channel):
        await _status(row, DeliveryStatus.SENT)
    assert (channel.asked, channel.sent) == (["one"], [])


async def test_after_a_day_it_is_a_dead_letter(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(*[Unreachable("503")] * 50)
    clock.move(FAST.give_up_after + 3600)
    async with running(channel):
        dead = await _status(row, DeliveryStatus.DEAD)
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
        sent = await _status(row, DeliveryStatus.SENT)
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
