"""Tickets on both databases: numbers nobody else has, what became of them, and who may see them."""

from __future__ import annotations

import asyncio

from core.domain.case import Case
from core.domain.customer import Identity
from core.domain.ticket import EntryKind, TicketPriority, TicketStatus
from core.ports.outcomes import MoveTicket, OpenTicket
from core.ports.store import CloseCase, OpenCase, TurnOutcome, TurnState
from core.ports.tickets import Holder, NewTicket, TicketChange
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, claim_one, customer, said

ADA = Holder("ada", "c1", verified=True)
BOB = Holder("bob", "c2", verified=True)
STRANGER = Holder("ada", "c9", verified=False)


@BOTH_DATABASES
async def test_numbers_of_a_day_have_no_gaps_and_no_twins(open_store: OpenStore, clock: ManualClock) -> None:
    first, second = await open_store(), await open_store()
    stores = [first, second] * 10
    numbers = await asyncio.gather(
        *(store.ticket_number_for(f"case {place}") for place, store in enumerate(stores)),
        *(store.ticket_number_for(f"case {place}") for place, store in enumerate(stores)),
    )
    day = clock.now().strftime("%Y%m%d")
    assert numbers[:20] == numbers[20:], "the same origin has the same number"
    assert sorted(set(numbers)) == [f"TKT-{day}-{count:04d}" for count in range(1, 21)]
    clock.move(24 * 3600)
    tomorrow = clock.now().strftime("%Y%m%d")
    assert await first.ticket_number_for("later") == f"TKT-{tomorrow}-0001"


@BOTH_DATABASES
async def test_the_same_request_opens_one_ticket(store: SqlStore) -> None:
    new = NewTicket("The invoice is wrong", TicketPriority.HIGH, "billing", "Number 12")
    made = await asyncio.gather(
        *(store.create_ticket(ADA, new, actor="agent", origin="turn:1:call_1") for _ in range(5))
    )
    assert len({one.number for one in made}) == 1
    assert len(await store.tickets(ADA, 10)) == 1
    ticket = made[0]
    assert (ticket.status, ticket.priority, ticket.category) == (TicketStatus.OPEN, TicketPriority.HIGH, "billing")
    assert [(one.kind, one.actor, one.text) for one in ticket.history] == [
        (EntryKind.OPENED, "agent", "The invoice is wrong"),
        (EntryKind.NOTE, "agent", "Number 12"),
    ]


@BOTH_DATABASES
async def test_history_says_who_changed_what_and_when(store: SqlStore, clock: ManualClock) -> None:
    made = await store.create_ticket(ADA, NewTicket("Broken"), actor="agent", origin="a")
    clock.move(60)
    change = TicketChange(status=TicketStatus.PENDING, priority=TicketPriority.HIGH, note="Asked for a picture")
    for _ in range(2):
        now = await store.update_ticket(ADA, made.number, change, actor="grace", origin="b")
    assert now is not None
    assert [(one.place, one.actor, one.kind, one.text) for one in now.history[1:]] == [
        (2, "grace", EntryKind.STATUS, "pending"),
        (3, "grace", EntryKind.PRIORITY, "high"),
        (4, "grace", EntryKind.NOTE, "Asked for a picture"),
    ]
    assert now.updated_at == now.history[-1].at == clock.now()
    same = TicketChange(status=TicketStatus.PENDING)
    assert await store.update_ticket(ADA, made.number, same, actor="grace", origin="c") == now, "nothing was different"


@BOTH_DATABASES
async def test_changes_at_the_same_time_all_become_history(open_store: OpenStore) -> None:
    first, second = await open_store(), await open_store()
    made = await first.create_ticket(ADA, NewTicket("Broken"), actor="agent", origin="a")
    await asyncio.gather(
        *(
            store.update_ticket(ADA, made.number, TicketChange(note=f"{place}"), actor="agent", origin=f"n{place}")
            for place, store in enumerate([first, second] * 5)
        )
    )
    ticket = await second.ticket(ADA, made.number)
    assert ticket is not None
    assert sorted(one.text for one in ticket.history[1:]) == [str(place) for place in range(10)]
    assert [one.place for one in ticket.history] == list(range(1, 12))


async def test_a_ticket_is_its_holders_alone(store: SqlStore) -> None:
    made = await store.create_ticket(ADA, NewTicket("Mine"), actor="agent", origin="a")
    for other in (BOB, STRANGER):
        assert await store.ticket(other, made.number) is None
        assert await store.tickets(other, 10) == []
        change = TicketChange(status=TicketStatus.CLOSED)
        assert await store.update_ticket(other, made.number, change, actor="agent", origin="b") is None
    elsewhere = Holder("ada", "another conversation", verified=True)
    assert await store.ticket(elsewhere, made.number) == made, "whoever proved who they are sees it from everywhere"


@BOTH_DATABASES
async def test_who_is_not_verified_sees_one_conversation(store: SqlStore) -> None:
    here, there = Holder("eve", "c1", verified=False), Holder("eve", "c2", verified=False)
    made = await store.create_ticket(here, NewTicket("Mine"), actor="agent", origin="a")
    assert await store.tickets(here, 10) != []
    assert await store.ticket(there, made.number) is None
    assert await store.conversations_of(here) == 1


async def test_newest_first_and_not_too_many(store: SqlStore, clock: ManualClock) -> None:
    for place in range(4):
        await store.create_ticket(ADA, NewTicket(f"{place}"), actor="agent", origin=f"{place}")
        clock.move(1)
    assert [one.subject for one in await store.tickets(ADA, 3)] == ["3", "2", "1"]


async def test_a_cases_ticket_goes_with_its_case(store: SqlStore) -> None:
    state, case, holder, number = await _escalate(store)
    ticket = await store.ticket(holder, number)
    assert ticket is not None
    assert (ticket.case_id, ticket.status, ticket.priority) == (case.id, TicketStatus.OPEN, TicketPriority.HIGH)
    steps = ((CloseCase(case.id), TicketStatus.RESOLVED), (OpenCase(case), TicketStatus.OPEN))
    for place, (record, status) in enumerate(steps):
        await accept(store, said(f"more{place}"))
        turn = await claim_one(store)
        move = MoveTicket(case.id, status, actor="grace")
        await store.finish([TurnOutcome(turn.claim, turn.pending[-1].seq, cases=(record, move))])
        ticket = await store.ticket(holder, number)
        assert ticket is not None
        assert ticket.status is status
    assert [(one.kind, one.text) for one in ticket.history] == [
        (EntryKind.OPENED, "wants a refund"),
        (EntryKind.STATUS, "resolved"),
        (EntryKind.STATUS, "open"),
    ]
    assert state.customer.id == ticket.customer_id


async def test_a_turn_that_lost_its_claim_opens_no_ticket_and_its_number_is_used_again(
    store: SqlStore, clock: ManualClock
) -> None:
    await accept(store, said("e1"))
    old = await claim_one(store)
    records, number = await _records(store, old)
    clock.move(60)
    new = await claim_one(store)
    await store.finish([TurnOutcome(old.claim, 1, cases=records)])
    holder = Holder.of(old.customer, old.conversation.id)
    assert await store.tickets(holder, 10) == []
    again, same = await _records(store, new)
    assert same == number
    await store.finish([TurnOutcome(new.claim, 1, cases=again)])
    assert [one.number for one in await store.tickets(holder, 10)] == [number]


async def test_customers_are_known_by_what_they_proved(store: SqlStore) -> None:
    proved: Identity = customer("ada", verified=True)
    await accept(store, said("e1", who=proved))
    state = await claim_one(store)
    assert await store.known_customer(proved) == state.customer.id
    assert await store.known_customer(customer("ada", verified=False)) is None
    assert await store.known_customer(customer("no\x00body", verified=True)) is None
    assert await store.conversations_of(Holder.of(state.customer, state.conversation.id)) == 1


async def _records(store: SqlStore, state: TurnState) -> tuple[tuple[OpenCase, OpenTicket], str]:
    home = state.conversation.id
    case = Case(Case.named(home, 1), home, 1, "wants a refund", "customer", "high", state.conversation.created_at)
    number = await store.ticket_number_for(case.id)
    opened = OpenTicket(
        case_id=case.id,
        number=number,
        customer_id=state.customer.id,
        conversation_id=home,
        subject=case.reason,
        priority=TicketPriority.HIGH,
        actor="customer",
    )
    return (OpenCase(case), opened), number


async def _escalate(store: SqlStore) -> tuple[TurnState, Case, Holder, str]:
    await accept(store, said("e1", "A person, please"))
    state = await claim_one(store)
    records, number = await _records(store, state)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, cases=records)])
    return state, records[0].case, Holder.of(state.customer, state.conversation.id), number
