"""A process that stands still in a transaction loses its session, and with it the row locks that others wait for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from core.clock import SystemClock
from core.storage.store import SqlStore
from tests.patience import PATIENCE
from tests.unit.core.eventually import eventually

STALL = 0.6


@pytest.fixture
async def frozen(postgres_url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A session of the hub that holds a lock and then says nothing more, in the middle of a statement: prepared only."""
    settings = {"application_name": "switchboard", "idle_in_transaction_session_timeout": "0"}
    connection = await asyncpg.connect(postgres_url, server_settings=settings)
    await connection.execute("BEGIN")
    await connection.execute("LOCK TABLE conversation IN ACCESS EXCLUSIVE MODE")
    await connection.prepare("SELECT 1")
    yield connection
    connection.terminate()


async def test_its_locks_are_free_after_a_lease(frozen: asyncpg.Connection[Any], postgres_url: str) -> None:
    store = SqlStore(postgres_url, SystemClock(), stall=STALL)
    await store.open()
    try:
        started = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            assert await store.conversation("nobody") is None
        assert time.monotonic() - started >= STALL / 2, "nothing was locked"
    finally:
        await store.close()
    await eventually(frozen.is_closed)


async def test_who_works_is_left_alone(postgres_url: str) -> None:
    """A transaction may be long, as long as its process goes on with it; sessions of other programs are not ours."""
    stranger = await asyncpg.connect(postgres_url, server_settings={"application_name": "psql"})
    worker = await asyncpg.connect(postgres_url, server_settings={"application_name": "switchboard"})
    store = SqlStore(postgres_url, SystemClock(), stall=STALL)
    await store.open()
    try:
        await stranger.execute("BEGIN")
        await worker.execute("BEGIN")
        for _ in range(4):
            await worker.execute(f"SELECT pg_sleep({STALL / 2})")
        assert await worker.fetchval("SELECT 1") == 1
        assert await stranger.fetchval("SELECT 1") == 1
    finally:
        await store.close()
        await worker.close()
        await stranger.close()
