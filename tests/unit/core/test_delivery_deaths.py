"""A worker dies over a message, or loses it, when an earlier try of it may have arrived already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.delivery import DeliveryStatus
from core.domain.errors import OutcomeUnknown
from core.domain.messages import Receipt
from core.ports.store import Settlement
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import FAST, Running, status_of
from tests.unit.core.scripted_channel import QueryableChannel, ScriptedChannel


class DyingStore:
    """Is told of the first try, and of no other."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._told = 0

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        self._told += 1
        if self._told > 1:
            raise RuntimeError("killed")
        return await self._store.settle(settlements)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_a_worker_that_dies_while_it_sends_again_leaves_the_mark(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """A channel that keeps books, as that for e-mail does, knows afterwards that the second try arrived, and not the first."""
    await answered(store, "one")
    dying = QueryableChannel(OutcomeUnknown("time-out"), answers=[OutcomeUnknown("no record")])
    async with running(dying, store=DyingStore(store)):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        await eventually(lambda: len(dying.sent) == 2)
    clock.move(FAST.lease + 1)
    successor = QueryableChannel(answers=[Receipt("p9")])
    async with running(successor):
        sent = await status_of(row, DeliveryStatus.SENT)
    assert successor.sent == []
    assert sent.possible_duplicate


async def test_where_nobody_can_be_asked_a_worker_that_dies_over_the_second_try_leaves_it_to_a_person(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """Otherwise a hub that dies over a message again and again would say it again and again."""
    await answered(store, "one", "two")
    dying = ScriptedChannel(OutcomeUnknown("time-out"))
    async with running(dying, store=DyingStore(store)):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        await eventually(lambda: len(dying.sent) == 2)
    clock.move(FAST.lease + 1)
    successor = ScriptedChannel()
    async with running(successor):
        dead = await status_of(row, DeliveryStatus.DEAD)
        await eventually(lambda: successor.arrived == ["two"])
    assert dead.possible_duplicate
    assert dead.uncertain
    assert "twice" in dead.last_error


class StolenRow:
    """The row is somebody else's when it is to be marked."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.asked = 0

    async def mark_doubled(self, delivery_id: str, token: str) -> bool:
        self.asked += 1
        return await self._store.mark_doubled(delivery_id, f"not-{token}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_who_lost_the_row_does_not_send_again(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(OutcomeUnknown("time-out"))
    stolen = StolenRow(store)
    async with running(channel, store=stolen):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        await eventually(lambda: stolen.asked > 1)
    assert channel.sent == ["one"]
