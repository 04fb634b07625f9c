"""Pacing across processes: no more than the provider allows, however many ask."""

from __future__ import annotations

import asyncio

from core.domain.capabilities import Pace
from core.ports.store import Store
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock

pytestmark = BOTH_DATABASES

PACE = Pace(messages=10, seconds=5.0)


async def test_no_more_than_the_pace_allows(store: Store) -> None:
    assert await store.reserve("sms:main", PACE, 4) == (4, 0.0)
    assert await store.reserve("sms:main", PACE, 100) == (6, 0.0)
    granted, wait = await store.reserve("sms:main", PACE, 1)
    assert granted == 0
    assert 0 < wait <= PACE.seconds / PACE.messages + 0.001


async def test_whoever_waits_as_long_as_told_gets_one(store: Store, clock: ManualClock) -> None:
    await store.reserve("sms:main", PACE, 10)
    for _ in range(5):
        granted, wait = await store.reserve("sms:main", PACE, 3)
        assert granted == 0
        clock.move(wait)
        assert (await store.reserve("sms:main", PACE, 3))[0] == 1


async def test_what_was_not_used_does_not_pile_up(store: Store, clock: ManualClock) -> None:
    await store.reserve("sms:main", PACE, 10)
    clock.move(1000.0)
    assert (await store.reserve("sms:main", PACE, 1000))[0] == 10


async def test_paces_are_apart(store: Store) -> None:
    assert (await store.reserve("sms:main", PACE, 10))[0] == 10
    assert (await store.reserve("sms:other", PACE, 10))[0] == 10


async def test_over_time_the_rate_is_the_paces(store: Store, clock: ManualClock) -> None:
    sent = 0
    for _ in range(100):
        sent += (await store.reserve("sms:main", PACE, 2))[0]
        clock.move(0.1)
    assert 20 <= sent <= 10 * 2 + 10, "10 seconds at two a second, and the burst at the start"


async def test_many_ask_at_once(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(4)]
    results = await asyncio.gather(*(store.reserve("sms:main", PACE, 3) for store in stores for _ in range(5)))
    assert sum(granted for granted, _ in results) == 10
    assert all(wait > 0 for granted, wait in results if granted == 0)


async def test_a_pause_holds_everybody(open_store: OpenStore, clock: ManualClock) -> None:
    first, second = await open_store(), await open_store()
    await first.pause("sms:main", 2.0)
    for store in (first, second):
        granted, wait = await store.reserve("sms:main", PACE, 1)
        assert granted == 0, "a pause shorter than the pace's own period holds as well"
        assert 1.9 < wait <= 2.001
    clock.move(1.95)
    assert (await second.reserve("sms:main", PACE, 1))[0] == 0
    clock.move(0.1)
    assert (await second.reserve("sms:main", PACE, 1))[0] == 1


async def test_a_shorter_pause_does_not_end_a_longer_one(store: Store, clock: ManualClock) -> None:
    await store.pause("sms:main", 60.0)
    await store.pause("sms:main", 1.0)
    clock.move(30.0)
    assert (await store.reserve("sms:main", PACE, 1))[0] == 0
    clock.move(31.0)
    assert (await store.reserve("sms:main", PACE, 1))[0] == 1
