"""Reads and small writes beside the message path."""

from __future__ import annotations

import pytest

from core.domain.attachments import ExtractionStatus
from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, RawEvent
from core.ports.event_log import LogFrame
from core.ports.store import Settlement, Store, Transition
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    answered,
    change_owner,
    claim_one,
    customer,
    file,
    finish,
    said,
    thread,
)

ID = thread().conversation_id


@BOTH_DATABASES
async def test_what_is_not_there(store: Store) -> None:
    assert await store.conversation(ID) is None
    assert await store.customer(ID) is None
    assert await store.attachment("f1") is None
    assert await store.messages(ID) == []
    assert await store.customer_messages("web", "main", "nobody", 10) == []
    await store.ping()


async def test_messages_in_pages(store: Store) -> None:
    await accept(store, *(said(f"e{number}", str(number)) for number in range(5)))
    assert [message.text for message in await store.messages(ID, limit=2)] == ["0", "1"]
    assert [message.text for message in await store.messages(ID, after=2, limit=2)] == ["2", "3"]
    assert await store.messages(ID, after=5) == []


async def test_a_customers_messages_over_all_conversations(store: Store, clock: ManualClock) -> None:
    ada = customer("ada", verified=True)
    await accept(store, said("e1", "old", where="t1", who=ada))
    clock.move(60)
    await accept(store, said("e2", "new", where="t2", who=ada), said("e3", "somebody else", where="t3"))
    found = await store.customer_messages("web", "main", "ada", 10)
    assert [message.text for message in found] == ["new", "old"]
    assert [message.text for message in await store.customer_messages("web", "main", "ada", 1)] == ["new"]


async def test_a_customer_is_not_shown_what_never_reached_them(store: Store) -> None:
    ada = customer("ada")
    await accept(store, said("e1", "Question", who=ada))
    assert await finish(store, await claim_one(store), answer("withheld"))
    notice = answer("A person will answer.", author=Author.SYSTEM)
    await change_owner(store, ID, Transition(OwnershipEvent.CLAIM, owner="grace"), [notice])
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT)])
    await change_owner(store, ID, Transition(OwnershipEvent.HAND_BACK), [answer("dead")])
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.DEAD, error="blocked")])

    shown = [message.text for message in await store.customer_messages("web", "main", "ada", 10)]
    assert sorted(shown) == ["A person will answer.", "Question"]
    assert len(await store.messages(ID)) == 4, "staff see all of it"

    await accept(store, said("e2", "And now?", who=ada))
    state = await claim_one(store)
    assert [item.text for item in state.history] == ["Question", "A person will answer."], (
        "nor does the agent remember it"
    )


async def test_a_customer_is_not_shown_what_may_yet_be_taken_back(store: Store) -> None:
    await accept(store, said("e1", "Question", who=customer("ada")))
    assert await finish(store, await claim_one(store), answer("Answer"))

    async def shown() -> list[str]:
        return [message.text for message in await store.customer_messages("web", "main", "ada", 10)]

    assert await shown() == ["Question"], "it waits to be sent"
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert await shown() == ["Question"], "it is being sent"
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.DUE, error="busy", retry_after=0.0)])
    assert await shown() == ["Question"], "it is tried again"
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT)])
    assert sorted(await shown()) == ["Answer", "Question"]


async def test_what_stands_on_the_page_is_in_the_history_before_its_delivery_is_settled(store: Store) -> None:
    await accept(store, said("e1", "Question", who=customer("ada")))
    assert await finish(store, await claim_one(store), answer("Answer"))
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    frame = LogFrame("message", message_id=delivery.message.message_id, dedupe=f"{delivery.id}:0")
    await store.append(ID, [frame])
    shown = await store.customer_messages("web", "main", "ada", 10)
    assert sorted(message.text for message in shown) == ["Answer", "Question"]


@BOTH_DATABASES
async def test_a_file_and_its_text(store: Store) -> None:
    await store.add_attachment(ID, file("f1", name="pl\x00an.pdf"))
    conversation_id, stored = await store.attachment("f1") or ("", None)
    assert conversation_id == ID
    assert stored is not None
    assert stored.extraction == ExtractionStatus.PENDING
    await store.set_extraction("f1", ExtractionStatus.FAILED, None, "protected\x00")
    _, stored = await store.attachment("f1") or ("", None)
    assert stored is not None
    assert (stored.extraction, stored.text) == (ExtractionStatus.FAILED, None)
    assert (stored.error or "").startswith("protected")
    await store.set_extraction("f1", ExtractionStatus.READY, "Page one\x00", None)
    _, stored = await store.attachment("f1") or ("", None)
    assert stored is not None
    assert stored.extraction == ExtractionStatus.READY
    assert (stored.text or "").startswith("Page one")
    await store.set_extraction("f1", ExtractionStatus.FAILED, None, "too late")
    _, stored = await store.attachment("f1") or ("", None)
    assert stored is not None
    assert stored.extraction == ExtractionStatus.READY, "another process had found its text"
    assert ((stored.text or "")[:8], stored.error) == ("Page one", None)


async def test_the_last_feedback_counts(store: Store) -> None:
    conversation_id = await answered(store, "An answer")
    question, reply = await store.messages(conversation_id)
    assert await store.record_feedback(conversation_id, reply.id, "down", "wrong\x00")
    assert await store.record_feedback(conversation_id, reply.id, "up", None)
    assert not await store.record_feedback(conversation_id, question.id, "up", None), "nobody rates a customer"
    assert not await store.record_feedback(thread("t2").conversation_id, reply.id, "up", None)
    assert not await store.record_feedback(conversation_id, "0" * 32, "up", None)


@pytest.mark.parametrize("author", [Author.STAFF, Author.SYSTEM])
async def test_staff_is_rated_and_notices_are_not(store: Store, author: Author) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    assert await finish(store, state, answer("Hello", author=author))
    reply = (await store.messages(ID))[-1]
    assert await store.record_feedback(ID, reply.id, "up", None) is (author == Author.STAFF)


async def test_quarantine_keeps_the_bytes(store: Store) -> None:
    raw = RawEvent("sms", "main", b"\x00\xff not text", {"x-header": "a\x00\ud800"})
    await store.quarantine(raw, "not JSON\x00")
    await store.quarantine(raw, "again")
    assert (await store.counts())["events_quarantined"] == 2


async def test_counts(store: Store) -> None:
    assert set((await store.counts()).values()) == {0}
    conversation_id = await answered(store, "one", "two", where="t1", event="e1")
    await answered(store, "three", where="t2", event="e2")
    await accept(store, said("e3", where="t3"))
    await change_owner(store, conversation_id, Transition(OwnershipEvent.ESCALATE))
    first = (await store.claim_deliveries("web", "main", 10, LEASE))[0]
    await store.settle([Settlement(first.id, first.token, DeliveryStatus.DEAD, error="x")])
    counts = await store.counts()
    assert counts["conversations_pending"] == 1
    assert counts["conversations_queued"] == 1
    assert counts["deliveries_dead"] == 1
    assert counts["deliveries_due"] == 1
