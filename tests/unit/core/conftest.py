"""A real store on SQLite with a clock that the test moves; everything around it is the test's."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.delivery import DeliveryService, DeliverySettings
from core.storage.store import SqlStore
from core.storage.tables import outbox
from core.storage.wake_local import LocalWake
from tests.contract.stores.manual_clock import ManualClock
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.lanes import FAST, Running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def metrics() -> CountedMetrics:
    return CountedMetrics()


@pytest.fixture
async def store(sqlite_url: str, clock: ManualClock) -> AsyncIterator[SqlStore]:
    store = SqlStore(sqlite_url, clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def wake() -> LocalWake:
    return LocalWake()


@pytest.fixture
def running(store: SqlStore, clock: ManualClock, metrics: CountedMetrics, wake: LocalWake) -> Running:
    """``async with running(channel) as service``: a delivery service at work on the store."""

    @asynccontextmanager
    async def run(
        channel: Any, settings: DeliverySettings = FAST, store: Any = store
    ) -> AsyncIterator[DeliveryService]:
        service = DeliveryService([channel], store, wake, clock, metrics, settings, rng=random.Random(1))
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
