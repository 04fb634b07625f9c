"""A delivery that cannot be read becomes a dead letter; it stops neither its conversation nor anybody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, select, update

from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Receipt
from core.ports.store import Transition
from core.storage.store import SqlStore
from core.storage.tables import attachment, message, outbox
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    answered,
    change_owner,
    claim_one,
    file,
    finish,
    said,
    thread,
)
from tests.contract.stores.test_outbox import deliveries, settle

_DAMAGE = {
    "damaged citations": {"citations": '[{"id":'},
    "citations with a field of a newer version": {"citations": '[{"id": "p1", "colour": "red"}]'},
    "damaged meta": {"meta": "{"},
    "a kind of a newer version": {"kind": "poll"},
    "an author of a newer version": {"author": "oracle"},
}


async def _change(store: SqlStore, table: Table, which: Any, **values: Any) -> None:
    def work(connection: Connection) -> None:
        connection.execute(update(table).where(which).values(**values))

    await store.database.write(work)


async def _row(store: SqlStore, delivery_id: str) -> Any:
    return await store.database.read(
        lambda connection: connection.execute(select(outbox).where(outbox.c.id == delivery_id)).one()
    )


@BOTH_DATABASES
@pytest.mark.parametrize("damage", _DAMAGE.values(), ids=_DAMAGE)
async def test_it_stops_nobody_else(store: SqlStore, damage: dict[str, str]) -> None:
    await answered(store, "broken", "behind it", where="t1", event="e1")
    await answered(store, "elsewhere", where="t2", event="e2")
    await _change(store, message, message.c.text == "broken", **damage)
    (elsewhere,) = await deliveries(store)
    assert elsewhere.message.text == "elsewhere"
    (letter,) = await store.dead_letters()
    assert (letter.text, letter.conversation, letter.attempts) == ("broken", thread("t1"), 0)
    assert letter.error.startswith("It cannot be read: ")
    (behind,) = await deliveries(store)
    assert behind.message.text == "behind it", "as after any other dead letter"
    assert await settle(store, behind) is False
    assert await settle(store, elsewhere) is False
    counts = await store.counts()
    assert (counts["deliveries_due"], counts["deliveries_dead"]) == (0, 1)


@BOTH_DATABASES
async def test_when_all_that_is_due_is_unreadable_the_next_is_found_at_once(store: SqlStore) -> None:
    await answered(store, "broken", "broken too", "whole")
    await _change(store, message, message.c.text.startswith("broken"), meta="{")
    (delivery,) = await deliveries(store)
    assert delivery.message.text == "whole"
    assert [letter.text for letter in await store.dead_letters()] == ["broken", "broken too"]


async def test_only_what_is_unreadable(store: SqlStore) -> None:
    await answered(store, "broken")
    await _change(store, message, message.c.text == "broken", meta="{")
    assert await deliveries(store) == []
    assert len(await store.dead_letters()) == 1


@BOTH_DATABASES
async def test_its_content_is_kept_and_it_goes_out_once_it_can_be_read(store: SqlStore) -> None:
    await answered(store, "from the future")
    raw = '[{"id": "p1", "colour": "red"}]'
    await _change(store, message, message.c.text == "from the future", citations=raw)
    assert await deliveries(store) == []
    (letter,) = await store.dead_letters()
    kept = select(message.c.citations).where(message.c.text == "from the future")
    assert await store.database.read(lambda connection: connection.scalar(kept)) == raw
    assert await store.revive(letter.id)
    assert await deliveries(store) == [], "still unreadable: dead again"
    assert [one.id for one in await store.dead_letters()] == [letter.id]
    await _change(store, message, message.c.text == "from the future", citations=None)
    assert await store.revive(letter.id)
    (delivery,) = await deliveries(store)
    assert delivery.message.text == "from the future"


@BOTH_DATABASES
async def test_doubt_survives(store: SqlStore, clock: ManualClock) -> None:
    await answered(store, "half sent")
    (delivery,) = await deliveries(store)
    await _change(store, message, message.c.text == "half sent", meta="{")
    clock.move(LEASE + 1)
    assert await deliveries(store) == []
    row = await _row(store, delivery.id)
    assert (row.status, row.uncertain, row.token) == (DeliveryStatus.DEAD, True, None)
    await _change(store, message, message.c.text == "half sent", meta=None)
    assert await store.revive(delivery.id)
    (again,) = await deliveries(store)
    assert again.uncertain


async def test_an_unreadable_file_concerns_its_own_message(store: SqlStore) -> None:
    await answered(store, "elsewhere", where="t2", event="e2")
    await accept(store, said("e1"))
    await store.add_attachment(thread().conversation_id, file("f1"))
    assert await finish(store, await claim_one(store), answer("See the file.", attachments=(file("f1"),)))
    await _change(store, attachment, attachment.c.id == "f1", extraction="translated")
    (delivery,) = await deliveries(store)
    assert delivery.message.text == "elsewhere"
    assert [letter.text for letter in await store.dead_letters()] == ["See the file."]


@BOTH_DATABASES
async def test_a_delivery_whose_message_is_gone_is_seen_as_well(store: SqlStore) -> None:
    await answered(store, "gone")
    await store.database.write(lambda connection: connection.execute(delete(message).where(message.c.text == "gone")))
    assert await deliveries(store) == []
    (letter,) = await store.dead_letters()
    assert (letter.text, letter.conversation) == ("", thread())


async def test_the_agents_voice_is_withheld_after_a_takeover_readable_or_not(store: SqlStore) -> None:
    conversation_id = await answered(store, "broken")
    await change_owner(store, conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    await _change(store, message, message.c.text == "broken", meta="{")
    assert await deliveries(store) == []
    assert await store.dead_letters() == [], "nobody has to mend what must not be said any more"


@BOTH_DATABASES
@pytest.mark.parametrize("damaged", ['["p1"', '{"p1": 1}'])
async def test_unreadable_receipts_keep_nobody_from_settling(store: SqlStore, damaged: str) -> None:
    await answered(store, "one", where="t1", event="e1")
    await answered(store, "two", where="t2", event="e2")
    found = await deliveries(store)
    await _change(store, outbox, outbox.c.id == found[0].id, receipts=damaged)
    for delivery in found:
        await settle(store, delivery, receipts=(Receipt("p9"),))
    rows = [await _row(store, delivery.id) for delivery in found]
    assert [row.status for row in rows] == [DeliveryStatus.SENT] * 2
    assert "p1" in rows[0].receipts
    assert "p9" in rows[0].receipts
