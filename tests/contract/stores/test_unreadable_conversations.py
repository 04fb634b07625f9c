"""A conversation that cannot be read is counted, holds up nobody, is tried more and more rarely, and comes back whole."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from core.storage.store import SqlStore
from core.storage.tables import conversation, message
from core.storage.unreadable import pause
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, answer, claim, claim_one, finish, said, thread


async def _damage(store: SqlStore, text: str, meta: str | None) -> None:
    statement = update(message).where(message.c.text == text).values(meta=meta)
    await store.database.write(lambda connection: connection.execute(statement))


async def _row(store: SqlStore) -> Any:
    statement = select(conversation).where(conversation.c.id == thread().conversation_id)

    def work(connection: Connection) -> Any:
        return connection.execute(statement).one()

    return await store.database.read(work)


async def _unreadable(store: SqlStore) -> int:
    counted = await store.counts()
    assert counted["conversations_unreadable"] == await store.unreadable()
    return await store.unreadable()


@BOTH_DATABASES
async def test_it_is_counted_and_holds_up_nobody(store: SqlStore) -> None:
    await accept(store, said("e1", "broken"), said("e2", "whole", where="t2"))
    await _damage(store, "broken", "{")
    assert await _unreadable(store) == 0, "nobody has tried yet"

    (state,) = await claim(store)

    assert state.pending[0].text == "whole"
    assert await _unreadable(store) == 1


@BOTH_DATABASES
async def test_each_try_is_later_than_the_last_up_to_an_hour(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1", "broken"))
    await _damage(store, "broken", "{")
    tried = [(await _row(store)).epoch]
    for wait in (60.0, 120.0, 240.0):
        assert await claim(store) == []
        clock.move(wait - 1)
        assert await claim(store) == []
        tried.append((await _row(store)).epoch)
        clock.move(2)

    assert tried == [0, 1, 2, 3], "once each, and not within its pause"
    assert "unreadable (3): " in (await _row(store)).last_error
    assert (await _row(store)).attempts == 0, "no turn has failed"


@pytest.mark.parametrize(("times", "seconds"), [(1, 60), (2, 120), (6, 1920), (7, 3600), (10_000, 3600)])
def test_the_pause(times: int, seconds: float) -> None:
    assert pause(times) == seconds


@BOTH_DATABASES
async def test_once_it_can_be_read_it_is_answered_and_counted_no_more(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1", "broken"))
    await _damage(store, "broken", "{")
    assert await claim(store) == []
    await _damage(store, "broken", None)
    clock.move(61)

    assert await finish(store, await claim_one(store), answer())

    assert await _unreadable(store) == 0
    assert (await _row(store)).last_error is None
