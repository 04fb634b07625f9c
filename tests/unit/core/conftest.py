"""A real store on SQLite with a clock that the test moves; everything around it is the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.unit.core.counted import CountedMetrics


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
