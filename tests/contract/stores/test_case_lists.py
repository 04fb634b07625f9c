"""The lists of cases from which staff work: one read each, bounded, and found by what people remember of a case."""

from __future__ import annotations

from core.domain.case import Case, feed
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Receipt
from core.domain.ticket import TicketPriority
from core.domain.timers import TimerKind
from core.ports.outcomes import OpenTicket, SetTimer
from core.ports.store import Settlement, Transition, TurnOutcome
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, change_owner, claim_one, said
from tests.unit.core.responders import NotedDesk

_ASKED = Escalation("The customer asked for a person.", requested_by="customer")


async def _case(store: SqlStore, thread: str, text: str, *, timer_stage: int = 0) -> str:
    """An open case; the conversation's id."""
    await accept(store, said(f"e-{thread}", text, where=thread))
    state = await claim_one(store)
    staff = await NotedDesk().opened(state, _ASKED, ())
    case_id = Case.named(state.conversation.id, 1)
    records = (
        *staff.cases,
        OpenTicket(
            case_id,
            f"TKT-{thread.upper()}",
            state.customer.id,
            state.conversation.id,
            text,
            TicketPriority.NORMAL,
            "customer",
        ),
        SetTimer(case_id, TimerKind.UNCLAIMED, 60.0, timer_stage),
    )
    escalates = Transition(OwnershipEvent.ESCALATE, escalation=_ASKED)
    await store.finish(
        [TurnOutcome(state.claim, 1, transition=escalates, cross_writes=staff.cross_writes, cases=records)]
    )
    return state.conversation.id


async def test_the_queue_has_ones_own_what_nobody_has_and_what_is_overdue(store: SqlStore, clock: ManualClock) -> None:
    names = {}
    for thread, stage in (("waits", 0), ("mine", 0), ("theirs", 0), ("late", 1)):
        names[await _case(store, thread, f"About {thread}", timer_stage=stage)] = thread
        clock.move(1.0)
    ids = {thread: home for home, thread in names.items()}
    await change_owner(store, ids["mine"], Transition(OwnershipEvent.CLAIM, owner="grace"))
    await change_owner(store, ids["theirs"], Transition(OwnershipEvent.CLAIM, owner="linus"))
    await change_owner(store, ids["late"], Transition(OwnershipEvent.CLAIM, owner="linus"))
    listed = await store.queue_of("main", "main", "grace", 10)
    assert [names[Case.home(one.id)] for one in listed] == ["mine", "waits", "late"]
    assert [one.is_overdue for one in listed] == [False, False, True]
    assert [one.state for one in listed] == [OwnershipState.STAFF, OwnershipState.QUEUED, OwnershipState.STAFF]
    assert listed[0].owner == "grace"
    assert [one.id for one in await store.queue_of("main", "main", "grace", 1)] == [Case.named(ids["mine"], 1)]


@BOTH_DATABASES
async def test_a_case_is_where_its_card_is_or_where_it_was_moved(store: SqlStore) -> None:
    home = await _case(store, "t1", "Hello")
    (one,) = await store.queue_of("main", "main", "grace", 10)
    assert one.shown_at is None
    case_feed = feed("main", one.id)
    (delivery,) = await store.claim_deliveries(case_feed.channel, case_feed.account, 10, LEASE)
    shown = Receipt("m/C1/1.1", tracked=True)
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, receipts=(shown,))])
    (one,) = await store.queue_of("main", "main", "grace", 10)
    assert one.shown_at == "m/C1/1.1"
    await store.remember("slack", "main", f"thread/{home}.1", "m/C2/2.2")
    (one,) = await store.queue_of("main", "main", "grace", 10)
    assert one.shown_at == "m/C2/2.2"


@BOTH_DATABASES
async def test_cases_are_found_by_words_by_number_and_never_by_a_wildcard(store: SqlStore) -> None:
    invoice = await _case(store, "t1", "My invoice for Müller is 100% wrong")
    delivery = await _case(store, "t2", "Where is my parcel?")

    async def found(*words: str) -> list[str]:
        return [Case.home(one.id) for one in await store.cases_with("main", "main", words, 10)]

    assert await found("INVOICE", "müller") == [invoice]
    assert await found("MÜLLER") == [invoice]
    assert await found("invoice", "parcel") == []
    assert await found("tkt-t2") == [delivery]
    assert await found("0%") == [invoice]
    assert await found("_") == []
    assert set(await found()) == {invoice, delivery}
