"""Claiming and settling deliveries: in order, once, and never in the voice of who no longer owns the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.messages import LOCALE, Author, Citation, Receipt
from core.ports.store import Delivery, Settlement, Store, Transition
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
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

pytestmark = BOTH_DATABASES


async def deliveries(store: Store, limit: int = 10) -> Sequence[Delivery]:
    return await store.claim_deliveries("web", "main", limit, LEASE)


async def settle(
    store: Store, delivery: Delivery, status: DeliveryStatus = DeliveryStatus.SENT, **fields: object
) -> bool:
    return await store.settle([Settlement(delivery.id, delivery.token, status, **fields)])  # type: ignore[arg-type]


async def test_a_delivery_holds_what_the_channel_needs(store: Store) -> None:
    await accept(store, said("e1", locale="de"))
    cited = Citation("p1", "Passwords", "…", "faq.yaml", 0.9)
    state = await claim_one(store)
    assert await finish(store, state, answer("Hier.", citations=(cited,), meta={"x": 1}, turn_id="c:1"))
    (delivery,) = await deliveries(store)
    message = delivery.message
    assert (message.text, message.locale, message.turn_id) == ("Hier.", "de", "c:1")
    assert message.citations == (cited,)
    assert message.conversation == thread()
    assert (delivery.attempt, delivery.parts_done, delivery.uncertain) == (1, 0, False)
    assert await settle(store, delivery) is False
    assert await deliveries(store) == []


async def test_what_is_said_in_another_language_than_is_known_goes_out_in_that(store: Store) -> None:
    await accept(store, said("e1", locale="en"))
    assert await finish(store, await claim_one(store), answer("Hier.", meta={LOCALE: "de"}))
    (delivery,) = await deliveries(store)
    assert delivery.message.locale == "de"


async def test_what_waits_for_lost_credentials_does_not_grow_old(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", where="t1", event="e1")
    await answered(store, "two", where="t2", event="e2")
    (first, second) = await deliveries(store)
    refused: dict[str, Any] = {"retry_after": 0.0, "error": "token revoked", "authorised": False}
    await settle(store, first, DeliveryStatus.DUE, **refused)
    await settle(store, second, DeliveryStatus.DUE, **refused)
    clock.move(7200.0)
    (first, second) = await deliveries(store)
    assert first.lane_paused
    await settle(store, first, DeliveryStatus.DUE, **refused)
    await settle(store, second, DeliveryStatus.DUE, **refused)
    assert await store.bury_stale(3600.0) == 0, "it is still being tried"
    clock.move(60.0)
    (first, second) = await deliveries(store)
    await settle(store, first, authorised=True)
    await settle(store, second, DeliveryStatus.DUE, retry_after=0.0, error="503")
    assert await store.bury_stale(3600.0) == 0
    (second,) = await deliveries(store)
    assert (second.lane_paused, second.sendable_since) == (False, clock.now())
    await settle(store, second, DeliveryStatus.DUE, retry_after=0.0, error="503")
    clock.move(3601.0)
    assert await store.bury_stale(3600.0) == 1, "from then on it could have been sent"


async def test_a_pause_that_nobody_looks_at_any_more_ends(store: SqlStore, clock: ManualClock) -> None:
    await answered(store, "one")
    (delivery,) = await deliveries(store)
    await settle(store, delivery, DeliveryStatus.DUE, retry_after=0.0, error="token revoked", authorised=False)
    assert await store.lane_paused("web", "main")
    assert not await store.lane_paused("web", "other")
    clock.move(600.0)
    assert not await store.lane_paused("web", "main"), "nobody has tried it for minutes"
    clock.move(3601.0)
    assert await store.bury_stale(3600.0, [("slack", "main"), ("web", "main")]) == 0, (
        "after an outage its lane tries it first"
    )
    assert await store.bury_stale(3600.0, [("slack", "main"), ("web", "other")]) == 1, (
        "its account is not set up any more"
    )


async def test_other_accounts_and_channels_see_nothing(store: Store) -> None:
    await answered(store, "An answer")
    assert await store.claim_deliveries("web", "other", 10, LEASE) == []
    assert await store.claim_deliveries("sms", "main", 10, LEASE) == []
    assert len(await store.claim_deliveries("web", "main", 10, LEASE)) == 1


async def test_one_at_a_time_in_a_conversation_and_in_order(store: Store) -> None:
    await answered(store, "one", "two", "three")
    said_out = []
    for remaining in (True, True, False):
        (delivery,) = await deliveries(store)
        assert await deliveries(store) == [], "the next waits until this one is settled"
        said_out.append(delivery.message.text)
        assert await settle(store, delivery) is remaining
    assert said_out == ["one", "two", "three"]


async def test_conversations_do_not_wait_for_each_other(store: Store) -> None:
    await answered(store, "a1", "a2", where="t1", event="e1")
    await answered(store, "b1", where="t2", event="e2")
    assert sorted(one.message.text for one in await deliveries(store)) == ["a1", "b1"]


async def test_what_nobody_sends_becomes_a_dead_letter(store: Store, clock: ManualClock) -> None:
    await answered(store, "forgotten", "also", where="t1", event="e1")
    assert await store.bury_stale(3600.0) == 0
    clock.move(3601)
    await answered(store, "young", where="t2", event="e2")
    await answered(store, "taken", where="t3", event="e3")
    assert await store.bury_stale(3600.0) == 2
    assert {letter.text for letter in await store.dead_letters()} == {"forgotten", "also"}
    assert sorted(one.message.text for one in await deliveries(store)) == ["taken", "young"]
    clock.move(3601)
    assert await store.bury_stale(3600.0) == 0, "whoever sends them brings them to an end"
    (letter, _) = await store.dead_letters()
    assert await store.revive(letter.id)
    assert await store.bury_stale(3600.0) == 0, "its time begins again"


async def test_a_retry_keeps_its_place(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", "two")
    (first,) = await deliveries(store)
    await settle(store, first, DeliveryStatus.DUE, retry_after=3.0, error="no answer")
    clock.move(2.9)
    assert await deliveries(store) == []
    clock.move(0.2)
    (again,) = await deliveries(store)
    assert (again.message.text, again.attempt, again.uncertain) == ("one", 2, False)


async def test_what_says_nothing_of_the_provider_makes_no_later_wait_longer(store: Store, clock: ManualClock) -> None:
    """Workers that died, and time that ran out before anything was sent: the next failure waits as the first does."""
    await answered(store, "one")
    for _ in range(3):
        (delivery,) = await deliveries(store)
        assert delivery.attempt == 1
        clock.move(LEASE + 0.1)
    (delivery,) = await deliveries(store)
    await settle(store, delivery, DeliveryStatus.DUE, retry_after=0.0, error="not begun", counts=False)
    (delivery,) = await deliveries(store)
    assert delivery.attempt == 1
    await settle(store, delivery, DeliveryStatus.DUE, retry_after=0.0, error="503")
    (delivery,) = await deliveries(store)
    assert delivery.attempt == 2


async def test_a_dead_worker_leaves_doubt(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", "two")
    (first,) = await deliveries(store)
    clock.move(LEASE - 0.01)
    assert await deliveries(store) == []
    clock.move(0.02)
    (again,) = await deliveries(store)
    assert again.id == first.id
    assert again.uncertain
    assert again.token != first.token
    await settle(store, again, DeliveryStatus.DUE, retry_after=0.0, uncertain=True)
    (third,) = await deliveries(store)
    assert third.uncertain, "doubt stays until it is settled"


async def test_a_settlement_from_the_grave_is_ignored(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", "two")
    (dead,) = await deliveries(store)
    clock.move(LEASE + 1)
    (alive,) = await deliveries(store)
    await settle(store, dead, DeliveryStatus.DEAD, error="zombie", conversation_pause=100.0)
    assert await store.dead_letters() == []
    await settle(store, alive, receipts=(Receipt("p1"),))
    await settle(store, alive, DeliveryStatus.DEAD, error="twice")
    assert await store.dead_letters() == []
    (following,) = await deliveries(store)
    assert following.message.text == "two"


async def test_parts_that_were_sent_are_not_sent_again(store: Store) -> None:
    await answered(store, "a long one")
    (delivery,) = await deliveries(store)
    receipts = (Receipt("p1"), Receipt("p2"))
    await settle(store, delivery, DeliveryStatus.DUE, receipts=receipts, retry_after=0.0, error="cut off")
    (again,) = await deliveries(store)
    assert again.parts_done == 2
    await settle(store, again, DeliveryStatus.DUE, receipts=(Receipt("p3"),), retry_after=0.0, error="cut off")
    (third,) = await deliveries(store)
    assert third.parts_done == 3


async def test_an_agents_message_is_withheld_after_a_takeover(store: Store) -> None:
    conversation_id = await answered(store, "one", "two")
    await change_owner(
        store,
        conversation_id,
        Transition(OwnershipEvent.CLAIM, owner="grace"),
        [answer("Grace here.", author=Author.STAFF)],
    )
    (delivery,) = await deliveries(store)
    assert delivery.message.text == "Grace here.", "what was withheld holds up nobody"
    await settle(store, delivery)
    assert await deliveries(store) == []
    assert (await store.counts())["deliveries_due"] == 0


async def test_what_was_being_sent_at_the_takeover_is_finished(store: Store, clock: ManualClock) -> None:
    conversation_id = await answered(store, "one", "two")
    (sending,) = await deliveries(store)
    await change_owner(store, conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    clock.move(LEASE + 1)
    (again,) = await deliveries(store)
    assert again.id == sending.id, "its outcome at the provider is not known, so it has to be found out"
    assert (again.uncertain, again.owner_changed) == (True, True)
    await settle(store, again)
    assert await deliveries(store) == []


async def test_a_retry_after_the_takeover_is_withheld(store: Store) -> None:
    conversation_id = await answered(store, "one")
    (sending,) = await deliveries(store)
    await change_owner(store, conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    await settle(store, sending, DeliveryStatus.DUE, retry_after=0.0, error="refused before it was taken")
    assert await deliveries(store) == []
    assert (await store.counts())["deliveries_due"] == 0


async def test_staff_and_notices_are_sent_whoever_owns_it(store: Store) -> None:
    conversation_id = await answered(store)
    notice, staff = answer("Connecting you.", author=Author.SYSTEM), answer("Hello.", author=Author.STAFF)
    await change_owner(store, conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"), [notice, staff])
    await change_owner(store, conversation_id, Transition(OwnershipEvent.HAND_BACK))
    for text in ("Connecting you.", "Hello."):
        (delivery,) = await deliveries(store)
        assert delivery.message.text == text
        await settle(store, delivery)


async def test_a_dead_letter_is_seen_and_can_be_revived(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", "two")
    (delivery,) = await deliveries(store)
    assert await settle(store, delivery, DeliveryStatus.DEAD, error="blocked\x00 by \ud800 the customer") is True
    (letter,) = await store.dead_letters()
    assert letter.id == delivery.id
    assert letter.conversation == thread()
    assert (letter.text, letter.attempts, letter.died_at) == ("one", 1, clock.now())
    assert letter.error.startswith("blocked")
    assert (await store.counts())["deliveries_dead"] == 1
    (following,) = await deliveries(store)
    assert following.message.text == "two", "a dead letter holds up nobody"
    await settle(store, following)
    assert await store.revive(letter.id)
    assert not await store.revive(letter.id)
    assert not await store.revive("0" * 32)
    (again,) = await deliveries(store)
    assert (again.message.text, again.attempt) == ("one", 1)
    assert await store.dead_letters() == []


async def test_a_possible_duplicate_stays_one(store: Store, clock: ManualClock) -> None:
    await answered(store, "one")
    (delivery,) = await deliveries(store)
    await settle(store, delivery, DeliveryStatus.DEAD, error="x", possible_duplicate=True)
    await store.revive(delivery.id)
    await deliveries(store)
    clock.move(60.0)
    (again,) = await deliveries(store)
    assert again.died_again


async def test_only_who_holds_a_row_marks_it_as_doubled(store: Store, clock: ManualClock) -> None:
    await answered(store, "one")
    (late,) = await deliveries(store)
    clock.move(60.0)
    (successor,) = await deliveries(store)
    assert not await store.mark_doubled(late.id, late.token)
    clock.move(60.0)
    (third,) = await deliveries(store)
    assert not third.died_again
    assert not await store.mark_doubled(successor.id, successor.token)
    assert await store.mark_doubled(third.id, third.token)
    clock.move(60.0)
    (fourth,) = await deliveries(store)
    assert fourth.died_again


async def test_a_conversation_can_be_paused_after_a_send(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", "two")
    (delivery,) = await deliveries(store)
    await settle(store, delivery, conversation_pause=1.0)
    clock.move(0.9)
    assert await deliveries(store) == []
    clock.move(0.2)
    assert len(await deliveries(store)) == 1


async def test_the_pause_holds_for_messages_that_come_later(store: Store, clock: ManualClock) -> None:
    await answered(store, "one", event="e1")
    (delivery,) = await deliveries(store)
    await settle(store, delivery, conversation_pause=1.0)
    await answered(store, "two", event="e2")
    assert await deliveries(store) == []
    clock.move(1.1)
    assert len(await deliveries(store)) == 1


async def test_files_of_an_answer_are_delivered(store: Store) -> None:
    await accept(store, said("e1"))
    await store.add_attachment(thread().conversation_id, file("f1"))
    state = await claim_one(store)
    assert await finish(store, state, answer("Here.", attachments=(file("f1"),)))
    (delivery,) = await deliveries(store)
    assert [one.id for one in delivery.message.attachments] == ["f1"]


async def test_workers_share_deliveries_and_keep_their_order(open_store: OpenStore) -> None:
    workers = [await open_store() for _ in range(4)]
    for number in range(10):
        await answered(workers[0], *"abcd", where=f"t{number}", event=f"e{number}")
    log: dict[str, list[str]] = {}
    claimed: list[str] = []

    async def deliver(worker: Store) -> None:
        idle = 0
        while idle < 3:
            found = await worker.claim_deliveries("web", "main", 3, LEASE)
            idle = 0 if found else idle + 1
            for one in found:
                claimed.append(one.id)
                log.setdefault(one.conversation_id, []).append(one.message.text)
            if found:
                await worker.settle([Settlement(one.id, one.token, DeliveryStatus.SENT) for one in found])

    await asyncio.gather(*(deliver(worker) for worker in workers))
    await deliver(workers[0])
    assert len(claimed) == len(set(claimed)) == 40
    assert all(texts == list("abcd") for texts in log.values())


async def test_no_agent_message_begins_after_a_takeover_was_committed(open_store: OpenStore) -> None:
    lane, desk = await open_store(), await open_store()
    for number in range(10):
        conversation_id = await answered(lane, "one", where=f"t{number}", event=f"e{number}")
        taken = asyncio.Event()

        async def take(identifier: str = conversation_id, done: asyncio.Event = taken) -> None:
            await change_owner(desk, identifier, Transition(OwnershipEvent.CLAIM, owner="grace"))
            done.set()

        async def deliver(done: asyncio.Event = taken) -> tuple[bool, Sequence[Delivery]]:
            return done.is_set(), await lane.claim_deliveries("web", "main", 10, LEASE)

        _, (before, _) = await asyncio.gather(take(), deliver())
        late = await lane.claim_deliveries("web", "main", 10, LEASE)
        assert late == []
        assert before is False
