"""Stores on both databases, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock

OpenStore = Callable[[], Awaitable[SqlStore]]


@pytest.fixture
def clock() -> ManualClock:
    """Time as the stores of this test see it."""
    return ManualClock()


@pytest.fixture
async def open_store(database_url: str, clock: ManualClock) -> AsyncIterator[OpenStore]:
    """``await open_store()``: one more store on this test's database, as another process would have it."""
    stores: list[SqlStore] = []

    async def open_one() -> SqlStore:
        store = SqlStore(database_url, clock, server_clock=False)
        await store.open()
        stores.append(store)
        return store

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> SqlStore:
    """A store on an empty database."""
    return await open_store()
