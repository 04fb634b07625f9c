"""RETENTION_DAYS as an operator sets it: a running hub forgets what is older, says so, and keeps the message."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from core.domain.messages import RawEvent
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.storage.tables import inbound_event
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, claim_one, finish, said, thread
from tests.fixtures.hub import MakeHub
from tests.unit.core.eventually import eventually


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    """What the hub that used this database before has left."""
    store = SqlStore(sqlite_url, ManualClock())
    await store.open()
    for event in ("old", "new"):
        raw = RawEvent(CHANNEL, ACCOUNT, f"{event} event".encode())
        await store.accept([Acceptable(said(event, event), raw=raw)])
    assert await finish(store, await claim_one(store))
    await _received(store, "old", 1_600_000_000.0)
    await _received(store, "new", 4_000_000_000.0)
    yield store
    await store.close()


async def _received(store: SqlStore, event: str, at: float) -> None:
    statement = update(inbound_event).where(inbound_event.c.event_key.endswith(event)).values(received_at=at)
    await store.database.write(lambda connection: connection.execute(statement))


async def _raw(store: SqlStore) -> list[bytes | None]:
    statement = select(inbound_event.c.raw).order_by(inbound_event.c.received_at)
    return await store.database.read(lambda connection: list(connection.scalars(statement)))


async def test_what_is_older_goes_while_the_hub_runs(store: SqlStore, sqlite_url: str, make_hub: MakeHub) -> None:
    hub = make_hub(database_url=sqlite_url, environment={"RETENTION_DAYS": "7"})

    async def gone() -> bool:
        return await _raw(store) == [None, b"new event"]

    await eventually(gone)
    await eventually(lambda: '"sweep.rows_removed"' in hub.log.read_text())
    assert [message.text for message in await store.messages(thread().conversation_id)] == ["old", "new"]
