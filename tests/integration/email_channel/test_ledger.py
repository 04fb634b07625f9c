"""What is known of a mail that was handed in, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from channels.email.ledger import Ledger
from core.domain.errors import StoreUnavailable, Unreachable
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.servers.sqlite import new_sqlite

_ID = "<t.k.p@example.com>"


@pytest.fixture
def clock() -> ManualClock:
    """Moved by hand."""
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqlStore]:
    """A migrated database."""
    url = new_sqlite(tmp_path / "hub.db")
    store = SqlStore(url, clock)
    await store.open()
    yield store
    await store.close()


async def test_a_mail_is_unknown_then_in_doubt_then_sent(store: SqlStore, clock: ManualClock) -> None:
    ledger = Ledger(store, clock, "support@example.com")
    assert await ledger.state(_ID) is False
    assert await ledger.begin(_ID)
    assert await ledger.state(_ID) is None
    assert not await ledger.begin(_ID), "a second try"
    await ledger.sent(_ID)
    assert await ledger.state(_ID) is True
    await ledger.refused(_ID)
    assert await ledger.state(_ID) is False


async def test_old_lines_go_and_new_ones_stay(store: SqlStore, clock: ManualClock) -> None:
    ledger = Ledger(store, clock, "support@example.com")
    for number in range(20):
        await ledger.begin(f"<{number}@example.com>")
    clock.move(15 * 86_400)
    await ledger.begin(_ID)
    await ledger.prune()
    assert len(await store.recall_all("email", "support@example.com", "out/")) == 1
    assert await ledger.state(_ID) is None


async def test_more_lines_than_one_listing_holds(store: SqlStore, clock: ManualClock) -> None:
    ledger = Ledger(store, clock, "support@example.com")
    for number in range(510):
        await ledger.begin(f"<{number}@example.com>")
    clock.move(15 * 86_400)
    await ledger.begin(_ID)
    await ledger.prune()
    assert len(await store.recall_all("email", "support@example.com", "out/")) == 1


class _Away:
    def __getattr__(self, name: str) -> Any:
        raise StoreUnavailable("The database is away.")


async def test_without_a_database_nothing_is_begun_and_nothing_sent_is_lost(clock: ManualClock) -> None:
    ledger = Ledger(_Away(), clock, "support@example.com")  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        await ledger.begin(_ID)
    await ledger.sent(_ID)
