"""A send that takes longer than a lease: its lease is renewed while it lasts, and ends with the worker that does it."""

from __future__ import annotations

import asyncio
from typing import Any

from core.delivery import DeliverySettings
from core.domain.capabilities import Capabilities
from core.domain.delivery import DeliveryStatus
from core.domain.errors import OutcomeUnknown
from core.domain.messages import Receipt, WirePayload
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import Running, status_of
from tests.unit.core.scripted_channel import HANG, QueryableChannel, ScriptedChannel

LEASE = 0.3
SETTINGS = DeliverySettings(lease=LEASE, send_timeout=0.2, poll=0.005, retry_first=1.0)
SLOW = Capabilities(text_limit=1000, send_seconds=60.0)


async def test_a_long_send_keeps_its_lease_and_is_sent_once(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "a large file")
    channel = ScriptedChannel(capabilities=SLOW)
    channel.gate = asyncio.Event()
    async with running(channel, SETTINGS):
        await eventually(lambda: channel.in_flight == 1)
        for _ in range(4):
            clock.move(LEASE * 0.9)
            now = clock.now().timestamp()

            async def renewed(now: float = now) -> bool:
                return bool((await row()).lease_until > now + LEASE * 0.5)

            await eventually(renewed)
        channel.gate.set()
        sent = await status_of(row, DeliveryStatus.SENT)
    assert sent.attempts == 1
    assert channel.sent == ["a large file"]


async def test_a_channel_that_needs_no_patience_is_cut_off_in_time(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "hello")
    async with running(ScriptedChannel(HANG), SETTINGS):
        waiting = await status_of(row, DeliveryStatus.DUE)
    assert waiting.uncertain


async def test_a_send_that_another_worker_has_taken_over_is_cut_off(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    await answered(store, "a large file")
    channel = ScriptedChannel(HANG, capabilities=SLOW)
    async with running(channel, SETTINGS):
        await eventually(lambda: channel.in_flight == 1)
        clock.move(LEASE + 0.1)
        (taken,) = await store.claim_deliveries("web", "main", 1, 60.0)
        assert taken.uncertain
        await eventually(lambda: channel.in_flight == 0)
        assert not await store.extend_deliveries({taken.id: "another token"}, 60.0)
        assert await store.extend_deliveries({taken.id: taken.token}, 60.0) == {taken.id}


async def test_the_question_after_a_doubt_may_take_as_long(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "a large file")
    channel = _SlowToTell(OutcomeUnknown("time-out"), capabilities=SLOW)
    async with running(channel, SETTINGS):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        await status_of(row, DeliveryStatus.SENT, attempts=2)
    assert channel.cut_off == 0, "it was heard out"
    assert channel.sent == ["a large file"]


class _SlowToTell(QueryableChannel):
    """Its provider takes longer to say what became of a message than a lease leaves."""

    cut_off = 0

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        try:
            await asyncio.sleep(SETTINGS.send_timeout * 2)
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        return Receipt("p1")
