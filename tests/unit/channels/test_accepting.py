"""Events that came together: what is wrong with one keeps no other out, is told once, and changes nobody's order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.accepting import accept_each, accept_in_order
from core.domain.capabilities import Capabilities
from core.domain.errors import InvalidInput, SessionEnded, StoreUnavailable, UnknownMessage
from core.domain.messages import RawEvent
from core.intake import Intake
from core.ports.metrics import NoMetrics
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import customer, edited, said, thread

RAW = RawEvent("web", "main", b"what came")
BROKEN: dict[str, Any] = {"stored_attachments": ("nowhere",)}


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    store = SqlStore(sqlite_url, ManualClock())
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def intake(store: SqlStore) -> Intake:
    return Intake(store, LocalWake(), NoMetrics(), {"web": Capabilities(text_limit=1000)})


async def _texts(store: SqlStore, name: str = "t1") -> list[str]:
    return [message.text for message in await store.messages(thread(name).conversation_id)]


async def test_each_is_refused_for_its_own_reason(store: SqlStore, intake: Intake) -> None:
    await store.end_conversation(thread("over"), customer())
    events = [
        edited("c1", "nothing", "x"),
        said("e1", "one"),
        said("e2", "broken", **BROKEN),
        said("e3", "two"),
        said("e4", "late", where="over"),
    ]
    refused = await accept_each(intake, events, RAW)
    assert [(event, type(error)) for event, error in refused] == [
        (events[0], UnknownMessage),
        (events[2], InvalidInput),
        (events[4], SessionEnded),
    ]
    assert await _texts(store) == ["one", "two"]
    assert await accept_each(intake, [], RAW) == []


async def test_only_what_nobody_can_take_is_put_aside(store: SqlStore, intake: Intake) -> None:
    """The first reason is not the reason of all: an edit of something unknown hides no broken message behind it."""
    await accept_in_order(
        intake, [edited("c1", "nothing", "x"), said("e1", "broken", **BROKEN), said("e2", "two")], RAW
    )
    assert (await store.counts())["events_quarantined"] == 1
    await accept_in_order(intake, [edited("c2", "nothing", "x"), said("e3", "three")], RAW)
    assert (await store.counts())["events_quarantined"] == 1
    assert await _texts(store) == ["two", "three"]


async def test_what_comes_again_is_there_once(store: SqlStore, intake: Intake) -> None:
    events = [said("e1", "one"), said("e2", "broken", **BROKEN), said("e3", "two")]
    await accept_in_order(intake, events, RAW)
    await accept_in_order(intake, events, RAW)
    assert await _texts(store) == ["one", "two"]


async def test_a_database_that_is_away_is_nobodys_fault(store: SqlStore, intake: Intake) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await accept_in_order(intake, [said("e1", "one"), said("e2", "two")], RAW)
