"""Stores on both databases, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.storage import sqlite_threads
from core.storage.sqlite_threads import prepare_connection
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock

OpenStore = Callable[[], Awaitable[SqlStore]]


@pytest.fixture
def clock() -> ManualClock:
    """Time as the stores of this test see it."""
    return ManualClock()


def _prepare_patiently(connection: Any, record: Any) -> None:
    prepare_connection(connection, record, patience=60.0)


@pytest.fixture
async def open_store(
    database_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OpenStore]:
    """``await open_store()``: one more store on this test's database, as another process would have it.

    On a busy machine it waits for SQLite's lock for longer than a hub, whose callers try again.
    """
    monkeypatch.setattr(sqlite_threads, "prepare_connection", _prepare_patiently)
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
