"""MEMORY, MEMORY_REST_MINUTES and MEMORY_DAYS as an operator sets them: what a running hub learns, and what it forgets."""

from __future__ import annotations

import asyncio
import json
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
from tests.faults.attack.stranger import stranger
from tests.fixtures.hub import MakeHub
from tests.integration.attachments.reading_models import reading_models
from tests.unit.core.eventually import eventually

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    """What the hub that used this database before has left."""
    store = SqlStore(sqlite_url, ManualClock())
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
    store: SqlStore, alice: Holder, sqlite_url: str, make_hub: MakeHub
) -> None:
    hub = make_hub(database_url=sqlite_url, environment={"MEMORY_REST_MINUTES": "0.01", "MEMORY_DAYS": "0"})

    async def read() -> bool:
        return {one.text for one in await store.facts_of(alice)} == {"Has a boat", "Alice"}

    await eventually(read)
    await eventually(lambda: '"memory.read"' in hub.log.read_text())


async def test_switched_off_nothing_is_read_and_what_is_old_goes(
    store: SqlStore, alice: Holder, sqlite_url: str, make_hub: MakeHub
) -> None:
    off = {"MEMORY": "false", "MEMORY_REST_MINUTES": "0.01", "MEMORY_DAYS": "30"}
    make_hub(database_url=sqlite_url, environment=off)

    async def gone() -> bool:
        return list(await store.facts_of(alice)) == []

    async def passed_over() -> bool:
        return list(await store.unremembered(1.0, after=None, limit=5)) == []

    await eventually(gone)
    await eventually(passed_over)
    assert list(await store.facts_of(alice)) == [], "what is said while it is off is not learned later either"


async def test_switched_off_a_model_can_only_show_and_forget(sqlite_url: str, make_hub: MakeHub) -> None:
    async with reading_models() as models:
        environment = {"OPENAI_BASE_URL": models.url, "OPENAI_API_KEY": "sk-k", "MEMORY": "false"}
        hub = await asyncio.to_thread(make_hub, database_url=sqlite_url, environment=environment)
        async with stranger(hub, patient=True) as customer:
            session = await customer.session()
            assert session is not None
            assert await customer.write(session, "Hello, they call me Alice", "m1") in (200, 202)
            await eventually(lambda: any("tools" in one for one in models.asked))
    offered = {tool["function"]["name"] for one in models.asked for tool in one.get("tools", ())}
    assert {"forget", "recall"} <= offered
    assert {"remember", "search_history"}.isdisjoint(offered)


async def test_a_model_learns_and_is_told_the_next_time(sqlite_url: str, make_hub: MakeHub) -> None:
    name = {"kind": "name", "subject": "name", "text": "Alice", "importance": 5, "message": 1}
    found = json.dumps({"facts": [name], "summary": "Waits for the red parcel."})
    async with reading_models(answer=found) as models:
        environment = {"OPENAI_BASE_URL": models.url, "OPENAI_API_KEY": "sk-k", "MEMORY_REST_MINUTES": "0.01"}
        hub = await asyncio.to_thread(make_hub, database_url=sqlite_url, environment=environment)

        def told() -> bool:
            wanted = ("(name) Alice", "Waits for the red parcel.")
            prompts = [json.dumps(one["messages"]) for one in models.asked if "tools" in one]
            return any(all(text in prompt for text in wanted) for prompt in prompts)

        async with stranger(hub, patient=True) as customer:
            session = await customer.session()
            assert session is not None
            assert await customer.write(session, "Hello, they call me Alice", "m1") in (200, 202)
            await eventually(lambda: '"memory.read"' in hub.log.read_text())
            assert await customer.write(session, "Hello again", "m2") in (200, 202)
            await eventually(told)
    offered = {tool["function"]["name"] for one in models.asked for tool in one.get("tools", ())}
    assert {"remember", "forget", "forget_everything", "recall", "search_history"} <= offered
