"""A frame that cannot be read is left out; whoever else watches sees all, and nothing ends early because of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, update

from core.ports.event_log import LogFrame
from core.storage.store import SqlStore
from core.storage.tables import attachment, message, widget_event
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import accept, file, said, thread

HERE, THERE = thread("t1").conversation_id, thread("t2").conversation_id


async def _change(store: SqlStore, table: Table, which: Any, **values: Any) -> None:
    def work(connection: Connection) -> None:
        connection.execute(update(table).where(which).values(**values))

    await store.database.write(work)


async def test_others_see_theirs(store: SqlStore) -> None:
    await accept(store, said("e1", "broken"), said("e2", "after it"), said("x1", "there", where="t2"), in_log=True)
    await _change(store, message, message.c.text == "broken", meta="{")
    frames = await store.read({HERE: 0, THERE: 0})
    assert {key: [frame.message.text for frame in found if frame.message] for key, found in frames.items()} == {
        HERE: ["after it"],
        THERE: ["there"],
    }
    assert [frame.cursor for frame in await store.history(HERE, after=0, limit=10)] == [2]


@BOTH_DATABASES
async def test_a_body_and_a_file_as_well(store: SqlStore) -> None:
    await store.add_attachment(HERE, file("f1"))
    await accept(store, said("e1", stored_attachments=("f1",)), said("e2"), in_log=True)
    await store.append(HERE, [LogFrame("status", {"status": "bot"})])
    await _change(store, attachment, attachment.c.id == "f1", extraction="translated")
    await _change(store, widget_event, widget_event.c.kind == "status", body="{")
    assert [frame.cursor for frame in (await store.read({HERE: 0}))[HERE]] == [2]


@BOTH_DATABASES
async def test_a_page_is_full_unless_it_is_the_last(store: SqlStore) -> None:
    await accept(store, *(said(f"e{number}", f"{number}") for number in range(1, 9)), in_log=True)
    await _change(store, message, message.c.text.in_(["2", "3", "5"]), meta="{")
    for read in (
        lambda after: store.history(HERE, after=after, limit=3),
        lambda after: _read(store, after),
    ):
        first = await read(0)
        assert [frame.cursor for frame in first] == [1, 4, 6]
        assert [frame.cursor for frame in await read(6)] == [7, 8]


async def _read(store: SqlStore, after: int) -> Any:
    return (await store.read({HERE: after}, limit=3))[HERE]
