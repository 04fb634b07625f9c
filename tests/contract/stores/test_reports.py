"""What providers report of messages that they took, and reactions, whichever comes first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from core.domain.delivery import DeliveryStatus
from core.domain.errors import UnknownMessage
from core.domain.keys import EventKey
from core.domain.messages import DeliveryReported, ReactionChanged, Receipt, ReceiptStatus
from core.ports.store import Delivery, Settlement
from core.storage.store import SqlStore
from core.storage.tables import reaction, receipt
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import LEASE, SENT_AT, accept, answered, customer, event_key, item, said, thread

SENT = DeliveryStatus.SENT


def report(status: ReceiptStatus, provider_id: str = "SM1", **fields: Any) -> DeliveryReported:
    return DeliveryReported(event_key(f"{provider_id}/{status}"), provider_id, status, SENT_AT, **fields)


def reacted(
    event: str, target: EventKey, *, present: bool = True, after: int = 0, emoji: str = "👍"
) -> ReactionChanged:
    when = SENT_AT + timedelta(seconds=after)
    return ReactionChanged(event_key(event), thread(), target, customer(), emoji, present, when)


async def sent(store: SqlStore, *names: str) -> Delivery:
    """An answer that the provider took under these names."""
    await answered(store, "An answer")
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await take(store, delivery, *names)
    return delivery


async def take(store: SqlStore, delivery: Delivery, *names: str) -> None:
    receipts = tuple(Receipt(name, tracked=True) for name in names)
    await store.settle([Settlement(delivery.id, delivery.token, SENT, receipts)])


async def rows(store: SqlStore, table: Any) -> list[dict[str, Any]]:
    def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in connection.execute(select(table))]

    return await store.database.read(work)


async def test_a_report_is_kept_with_the_message_it_is_about(store: SqlStore) -> None:
    delivery = await sent(store, "SM1", "SM2")
    (accepted,) = await accept(store, report(ReceiptStatus.DELIVERED, "SM2"))
    assert accepted.message_id == delivery.message.message_id
    kept = {row["provider_id"]: row["status"] for row in await rows(store, receipt)}
    assert kept == {"SM1": None, "SM2": "delivered"}


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        (ReceiptStatus.DELIVERED, ReceiptStatus.READ, "read"),
        (ReceiptStatus.READ, ReceiptStatus.DELIVERED, "read"),
        (ReceiptStatus.DELIVERED, ReceiptStatus.FAILED, "delivered"),
        (ReceiptStatus.DELIVERED, ReceiptStatus.DELIVERED, "delivered"),
    ],
)
async def test_a_report_takes_back_no_better_one(
    store: SqlStore, first: ReceiptStatus, then: ReceiptStatus, kept: str
) -> None:
    await sent(store, "SM1")
    await accept(store, report(first))
    await accept(store, report(then))
    assert [row["status"] for row in await rows(store, receipt)] == [kept]
    assert await store.dead_letters() == []


async def test_a_failure_afterwards_is_a_dead_letter(store: SqlStore) -> None:
    delivery = await sent(store, "SM1", "SM2")
    await accept(store, report(ReceiptStatus.FAILED, "SM2", detail="30005 unknown handset"))
    (letter,) = await store.dead_letters()
    assert letter.id == delivery.id
    assert "30005 unknown handset" in letter.error


@BOTH_DATABASES
async def test_what_a_carrier_could_not_deliver_is_sent_anew_when_it_is_revived(store: SqlStore) -> None:
    delivery = await sent(store, "SM1", "SM2")
    await accept(store, report(ReceiptStatus.FAILED, "SM2", detail="30005 unknown handset"))
    assert await store.revive(delivery.id)
    (again,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert again.parts_done == 0, "all of it: of some of it nobody knows which"
    await take(store, again, "SM3", "SM4")
    assert await store.dead_letters() == [], "what was said of the first try is no word on the second"


async def test_a_report_may_come_before_the_hub_has_noted_the_message(store: SqlStore) -> None:
    await answered(store, "An answer")
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await accept(store, report(ReceiptStatus.FAILED, detail="blocked"))
    await take(store, delivery, "SM1")
    assert [letter.id for letter in await store.dead_letters()] == [delivery.id]
    (row,) = await rows(store, receipt)
    assert (row["status"], row["message_id"]) == ("failed", delivery.message.message_id)


async def test_receipts_that_nobody_will_speak_of_are_not_kept(store: SqlStore) -> None:
    await answered(store, "An answer")
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await store.settle([Settlement(delivery.id, delivery.token, SENT, (Receipt("p1"), Receipt(None, tracked=True)))])
    assert await rows(store, receipt) == []


async def test_reactions_to_either_side_are_kept(store: SqlStore) -> None:
    delivery = await sent(store, "SM1")
    await accept(store, reacted("r1", event_key("e1")), reacted("r2", event_key("SM1"), emoji=":party:"))
    kept = await rows(store, reaction)
    assert {row["emoji"] for row in kept} == {"👍", ":party:"}
    assert delivery.message.message_id in {row["message_id"] for row in kept}


async def test_the_newest_word_on_a_reaction_counts(store: SqlStore) -> None:
    await accept(store, said("e1"))
    target = event_key("e1")
    await accept(store, reacted("r1", target, after=1), reacted("r2", target, present=False, after=3))
    await accept(store, reacted("r3", target, after=2))
    await accept(store, reacted("r1", target, after=1))
    assert [row["present"] for row in await rows(store, reaction)] == [False]


async def test_a_reaction_to_something_unknown_says_so(store: SqlStore) -> None:
    await accept(store, said("e1"))
    (result,) = await store.accept([item(reacted("r1", event_key("never")))])
    assert isinstance(result, UnknownMessage)


async def test_a_report_to_another_account_buries_what_was_sent(store: SqlStore) -> None:
    await answered(store, "An answer")
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    receipt_elsewhere = Receipt("m1", tracked=True, reported_to=("email", "support@example.com"))
    await store.settle([Settlement(delivery.id, delivery.token, SENT, (receipt_elsewhere,))])
    key = EventKey("email", "support@example.com", "r/1")
    await accept(store, DeliveryReported(key, "m1", ReceiptStatus.FAILED, SENT_AT, "550 5.1.1 no such user"))
    (letter,) = await store.dead_letters()
    assert "550 5.1.1" in letter.error


@BOTH_DATABASES
async def test_a_channel_learns_which_of_the_providers_names_are_its_own(store: SqlStore) -> None:
    delivery = await sent(store, "SM1")
    await accept(store, report(ReceiptStatus.DELIVERED, "SM2"))
    home = delivery.message.conversation.thread
    assert await store.known_as("web", "main", ["SM1", "SM2", "SM3"]) == {"SM1": home}
    assert await store.known_as("web", "other", ["SM1"]) == {}
    written = await store.written_at(delivery.id)
    (message,) = [
        one for one in await store.messages(delivery.conversation_id) if one.id == delivery.message.message_id
    ]
    assert written == message.created_at
    assert await store.written_at("unknown") is None
