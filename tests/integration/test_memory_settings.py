"""MEMORY, MEMORY_REST_MINUTES and MEMORY_DAYS as an operator sets them: what a running hub learns, and what it forgets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from core.domain.memory import FactKind
from core.ports.tickets import Holder
from core.storage.store import SqlStore
from core.storage.tables import conversation
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_memories import fact, holder, tell
from tests.fixtures.hub import MakeHub
from tests.unit.core.eventually import eventually

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    """What the hub that used this database before has left."""
    store = SqlStore(database_url, ManualClock())
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def alice(store: SqlStore) -> Holder:
    """She said who she is, and nothing since; and something else long ago."""
    state = await tell(store, "e1", "Hello, my name is Alice")
    rests = update(conversation).values(ready_at=_LONG_AGO.timestamp())
    await store.database.write(lambda connection: connection.execute(rests))
    old = replace(fact(state.pending[0], "Has a boat", FactKind.FACT, "boat"), said_at=_LONG_AGO, used_at=_LONG_AGO)
    await store.keep_fact(holder(state), old)
    return holder(state)


async def test_a_conversation_at_rest_is_read_and_old_facts_stay(
    store: SqlStore, alice: Holder, database_url: str, make_hub: MakeHub
) -> None:
    hub = make_hub(database_url=database_url, environment={"MEMORY_REST_MINUTES": "0.01", "MEMORY_DAYS": "0"})

    async def read() -> bool:
        return {one.text for one in await store.facts_of(alice)} == {"Has a boat", "Alice"}

    await eventually(read)
    await eventually(lambda: '"memory.read"' in hub.log.read_text())


async def test_switched_off_nothing_is_read_and_what_is_old_goes(
    store: SqlStore, alice: Holder, database_url: str, make_hub: MakeHub
) -> None:
    off = {"MEMORY": "false", "MEMORY_REST_MINUTES": "0.01", "MEMORY_DAYS": "30"}
    make_hub(database_url=database_url, environment=off)

    async def gone() -> bool:
        return list(await store.facts_of(alice)) == []

    await eventually(gone)
    assert len(await store.unremembered(1.0, after=None, limit=5)) == 1
