"""What became of staff's messages is told once, in the case's feed, whatever happens in between; ratings are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain.case import Case, feed
from core.domain.delivery import DeliveryStatus
from core.domain.keys import EventKey
from core.domain.messages import Author, DeliveryReported, MessageDeleted, Receipt, ReceiptStatus
from core.domain.readers import RECIPIENTS
from core.ports.delivery_outcomes import Arrived, DeliveryOutcome, OutcomeStatus
from core.ports.store import (
    CloseCase,
    CrossConversationWrite,
    Delivery,
    KeepComment,
    KeepRating,
    NewMessage,
    OpenCase,
    Settlement,
    TurnOutcome,
)
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, SENT_AT, accept, answer, claim_one, said
from tests.contract.stores.test_cross_conversation_writes import THREAD, customers_now, escalate, from_staff

pytestmark = BOTH_DATABASES


def worded(outcome: DeliveryOutcome) -> Sequence[NewMessage]:
    """One line that holds everything."""
    return [answer(f"{outcome.wrote_at} {outcome.status}: {outcome.reason}", author=Author.SYSTEM)]


async def sent_by_staff(
    store: SqlStore, clock: ManualClock, meta: Mapping[str, Any] | None = None
) -> tuple[Case, Delivery]:
    """A message of staff's that is just being sent to the customer."""
    state, case = await escalate(store)
    await accept(store, from_staff("m/C1/2.2", "We are looking"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    relayed = answer("We are looking", author=Author.STAFF, relays=staff.pending[0].id, meta=meta or {})
    await store.finish(
        [TurnOutcome(staff.claim, 1, cross_writes=(CrossConversationWrite(now.conversation.key, (relayed,)),))]
    )
    assert await store.report_outcomes("main", worded) == 0, "it waits, and staff see that it does"
    clock.move(1)
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    return case, delivery


async def settle(store: SqlStore, delivery: Delivery, status: DeliveryStatus, error: str | None = None) -> None:
    receipts = (Receipt("p1", tracked=True),) if status is DeliveryStatus.SENT else ()
    await store.settle([Settlement(delivery.id, delivery.token, status, receipts, error=error)])


async def told(store: SqlStore, case: Case) -> list[str]:
    """What staff were told of it, besides the card."""
    return [message.text for message in await store.messages(feed("main", case.id).conversation_id, after=1)]


def report(event: str, status: ReceiptStatus, detail: str | None = None) -> DeliveryReported:
    return DeliveryReported(EventKey("web", "main", event), "p1", status, SENT_AT, detail)


async def test_sent_and_read_are_told_once_each(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    assert await store.report_outcomes("main", worded) == 0, "on its way"
    await settle(store, delivery, DeliveryStatus.SENT)
    assert await store.report_outcomes("main", worded) == 1
    assert await store.report_outcomes("main", worded) == 0
    await accept(store, report("r1", ReceiptStatus.DELIVERED))
    assert await store.report_outcomes("main", worded) == 1
    await accept(store, report("r2", ReceiptStatus.READ), report("r3", ReceiptStatus.DELIVERED))
    assert await store.report_outcomes("main", worded) == 1
    assert await told(store, case) == ["m/C1/2.2 sent: None", "m/C1/2.2 read: None"]
    assert [one.message.conversation for one in await store.claim_deliveries("desk", "main", 10, LEASE)]


async def test_why_it_failed_is_told_and_that_it_came_after_all(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    await settle(store, delivery, DeliveryStatus.DEAD, "The customer has blocked the bot.")
    assert await store.report_outcomes("main", worded) == 1
    assert await told(store, case) == ["m/C1/2.2 failed: The customer has blocked the bot."]
    assert await store.revive(delivery.id)
    assert await store.report_outcomes("main", worded) == 0
    (again,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await settle(store, again, DeliveryStatus.SENT)
    assert await store.report_outcomes("main", worded) == 1
    assert (await told(store, case))[1:] == ["m/C1/2.2 sent: None"]


async def test_a_carrier_that_gives_up_later_is_told(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    await settle(store, delivery, DeliveryStatus.SENT)
    await store.report_outcomes("main", worded)
    await accept(store, report("r1", ReceiptStatus.FAILED, "no such number"))
    await store.report_outcomes("main", worded)
    assert (await told(store, case))[1].endswith("could not deliver it: no such number")


async def test_what_may_have_come_or_came_in_part_is_not_lost(store: SqlStore, clock: ManualClock) -> None:
    """Staff are told which it was, and a correction of it reaches the customer."""
    _, delivery = await sent_by_staff(store, clock)
    outcomes: list[DeliveryOutcome] = []

    def kept(outcome: DeliveryOutcome) -> Sequence[NewMessage]:
        outcomes.append(outcome)
        return worded(outcome)

    dead = Settlement(delivery.id, delivery.token, DeliveryStatus.DEAD, error="no answer", uncertain=True)
    await store.settle([dead])
    await store.report_outcomes("main", kept)
    assert [(one.arrived, one.withheld) for one in outcomes] == [(Arrived.UNKNOWN, False)]
    assert await store.lost([delivery.message.message_id]) == frozenset()
    assert await store.revive(delivery.id)
    (again,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert again.uncertain, "it is asked about before it is sent again"
    part = (Receipt("p1", tracked=True),)
    await store.settle(
        [replace(dead, token=again.token, receipts=part, uncertain=False, error="the file is too large")]
    )
    assert await store.lost([delivery.message.message_id]) == frozenset()
    await accept(store, report("r1", ReceiptStatus.FAILED, "no such number"))
    assert await store.lost([delivery.message.message_id]) == {delivery.message.message_id}


async def test_staff_are_told_what_arrived_of_it(store: SqlStore, clock: ManualClock) -> None:
    _, delivery = await sent_by_staff(store, clock)
    outcomes: list[DeliveryOutcome] = []

    def kept(outcome: DeliveryOutcome) -> Sequence[NewMessage]:
        outcomes.append(outcome)
        return worded(outcome)

    part = (Receipt("p1", tracked=True),)
    await store.settle(
        [Settlement(delivery.id, delivery.token, DeliveryStatus.DEAD, part, error="the file is too large")]
    )
    await store.report_outcomes("main", kept)
    assert [(one.arrived, one.withheld) for one in outcomes] == [(Arrived.PART, False)]


async def test_a_report_that_is_faster_than_the_receipt_counts(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    await accept(store, report("r1", ReceiptStatus.READ))
    await settle(store, delivery, DeliveryStatus.SENT)
    assert await store.report_outcomes("main", worded) == 1
    assert await told(store, case) == ["m/C1/2.2 read: None"]


async def test_what_staff_took_back_needs_no_telling(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    gone = MessageDeleted(
        EventKey("slack", "main", "x1"),
        THREAD,
        EventKey("slack", "main", "m/C1/2.2"),
        SENT_AT,
        from_staff("y").audience,
    )
    await accept(store, gone)
    await settle(store, delivery, DeliveryStatus.SENT)
    assert await store.report_outcomes("main", worded) == 1
    assert await told(store, case) == []


async def test_many_processes_tell_it_once(store: SqlStore, open_store: OpenStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    await settle(store, delivery, DeliveryStatus.SENT)
    others = [await open_store() for _ in range(3)]
    await asyncio.gather(*(one.report_outcomes("main", worded) for one in [store, *others] * 2))
    assert await told(store, case) == ["m/C1/2.2 sent: None"]


async def test_what_breaks_off_is_told_the_next_time(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    await settle(store, delivery, DeliveryStatus.SENT)

    def broken(outcome: DeliveryOutcome) -> Sequence[NewMessage]:
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        await store.report_outcomes("main", broken)
    assert await told(store, case) == []
    assert await store.report_outcomes("main", worded) == 1
    assert await told(store, case) == ["m/C1/2.2 sent: None"]


async def test_it_belongs_to_the_case_in_which_it_was_said(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    clock.move(60)
    later = replace(case, id=Case.named(case.conversation_id, 2), number=2, opened_at=datetime(2031, 1, 1, tzinfo=UTC))
    await accept(store, said("e9", "Something else"))
    turn = await claim_one(store)
    await store.finish([TurnOutcome(turn.claim, turn.pending[-1].seq, cases=(CloseCase(case.id), OpenCase(later)))])
    await settle(store, delivery, DeliveryStatus.SENT)
    seen: list[DeliveryOutcome] = []

    def noted(outcome: DeliveryOutcome) -> Sequence[NewMessage]:
        seen.append(outcome)
        return worded(outcome)

    await store.report_outcomes("main", noted)
    assert [(outcome.case_id, outcome.shown, outcome.text) for outcome in seen] == [
        (case.id, OutcomeStatus.WAITING, "We are looking"),
    ]


async def test_customers_messages_are_not_followed(store: SqlStore) -> None:
    _, case = await escalate(store)
    await accept(store, said("e2", "Hello?"))
    mine = await claim_one(store)
    copy = answer("Hello?", author=Author.CUSTOMER, relays=mine.pending[0].id)
    await store.finish(
        [TurnOutcome(mine.claim, 2, cross_writes=(CrossConversationWrite(feed("main", case.id), (copy,)),))]
    )
    for _ in range(2):
        (delivery,) = await store.claim_deliveries("desk", "main", 10, LEASE)
        await settle(store, delivery, DeliveryStatus.DEAD, "gone")
    assert await store.report_outcomes("main", worded) == 0


async def test_a_notice_of_staffs_is_followed_as_well(store: SqlStore, clock: ManualClock) -> None:
    state, case = await escalate(store)
    await accept(store, from_staff("m/C1/2.2"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    notices = (answer("Grace has joined.", author=Author.SYSTEM, followed=True), answer("And", author=Author.SYSTEM))
    await store.finish(
        [TurnOutcome(staff.claim, 1, cross_writes=(CrossConversationWrite(now.conversation.key, notices),))]
    )
    for _ in notices:
        (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
        await settle(store, delivery, DeliveryStatus.DEAD, "blocked")
    assert await store.report_outcomes("main", worded) == 1
    assert await told(store, case) == [" failed: blocked"], "there is no message of staff's to put a sign on"


async def test_the_last_rating_and_comment_of_a_case_are_kept(store: SqlStore) -> None:
    _, case = await escalate(store)
    assert await store.rating(case.id) is None
    steps = (
        (KeepComment(case.id, "before any rating"), None),
        (KeepRating(case.id, 2), (2, None)),
        (KeepRating(case.id, 2), (2, None)),
        (KeepComment(case.id, "Slow\x00"), (2, "Slow\ufffd")),
        (KeepRating(case.id, 4), (4, "Slow\ufffd")),
    )
    for number, (record, kept) in enumerate(steps, start=2):
        await accept(store, said(f"e{number}"))
        turn = await claim_one(store)
        await store.finish([TurnOutcome(turn.claim, turn.pending[-1].seq, cases=(record,))])
        assert await store.rating(case.id) == kept


async def test_a_bounce_of_one_of_several_recipients_is_told_and_nothing_is_sent_again(
    store: SqlStore, clock: ManualClock
) -> None:
    both = {RECIPIENTS: [{"address": one, "name": None} for one in ("ann@a.example", "bob@b.example")]}
    case, delivery = await sent_by_staff(store, clock, both)
    await settle(store, delivery, DeliveryStatus.SENT)
    await store.report_outcomes("main", worded)
    await accept(store, report("r1", ReceiptStatus.FAILED, "bob@b.example: 550 no such user"))
    await accept(store, report("r2", ReceiptStatus.FAILED, "ann@a.example: 552 full"))
    assert await store.report_outcomes("main", worded) == 1
    _, last = await told(store, case)
    assert last.startswith("m/C1/2.2 partly: ")
    assert "bob@b.example: 550 no such user" in last
    assert "ann@a.example: 552 full" in last
    assert await store.lost([delivery.message.message_id]) == frozenset()
    assert not await store.claim_deliveries("web", "main", 10, LEASE)


async def test_who_was_refused_at_once_is_told_though_the_others_have_it(store: SqlStore, clock: ManualClock) -> None:
    case, delivery = await sent_by_staff(store, clock)
    await settle(store, delivery, DeliveryStatus.SENT, "bob@b.example: 550 no such user")
    assert await store.report_outcomes("main", worded) == 1
    assert await store.report_outcomes("main", worded) == 0
    assert await told(store, case) == ["m/C1/2.2 partly: bob@b.example: 550 no such user"]
