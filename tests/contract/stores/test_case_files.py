"""What is kept about cases: the audit log, a customer's past, and where a case was shown."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipEvent
from core.domain.customer import Customer
from core.domain.delivery import DeliveryStatus
from core.domain.issues import Issue
from core.domain.messages import Author, Receipt
from core.domain.ticket import TicketPriority, TicketStatus
from core.ports.outcomes import ChangeTicket, KeepNote, KeepRating, MoveTicket, OpenTicket
from core.ports.store import CloseCase, CrossConversationWrite, OpenCase, Settlement, Transition, TurnOutcome
from core.ports.tickets import Holder, NewTicket, TicketChange
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, answer, claim_one, customer, said
from tests.contract.stores.test_cross_conversation_writes import customers_now, escalate, from_staff


async def known(store: SqlStore, conversation_id: str) -> Customer:
    found = await store.customer(conversation_id)
    assert found is not None
    return found


async def test_the_log_says_who_did_what_in_order(store: SqlStore, clock: ManualClock) -> None:
    state, case = await escalate(store)
    clock.move(10)
    await accept(store, from_staff("m/C1/2.1", "claims"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    claims = Transition(OwnershipEvent.CLAIM, owner="U1", actor="U2")
    cross_write = CrossConversationWrite(
        now.conversation.key, (), claims, ownership_epoch=now.conversation.ownership_epoch
    )
    await store.finish([TurnOutcome(staff.claim, staff.pending[-1].seq, cross_writes=(cross_write,))])
    clock.move(10)
    await accept(store, from_staff("m/C1/2.2", "// rude"), from_staff("m/C1/2.3", "Good morning"))
    staff = await claim_one(store)
    note, reply = staff.pending
    relayed = answer("Good morning", author=Author.STAFF, relays=reply.id)
    cross_write = CrossConversationWrite(now.conversation.key, (relayed,))
    kept = KeepNote(case.id, note.id, "U1")
    for _ in range(2):
        await store.finish([TurnOutcome(staff.claim, reply.seq, cross_writes=(cross_write,), cases=(kept, kept))])
    log = await store.case_log(case.id)
    assert [one.what for one in log[:2]] == ["escalate", "claim"]
    assert {(one.what, one.actor, one.text) for one in log[1:]} == {
        ("claim", "U2", ""),
        ("relayed", "grace", "Good morning"),
        ("note", "U1", "// rude"),
    }
    assert len(log) == 4
    claimed = next(one for one in log if one.what == "claim")
    assert (claimed.from_state, claimed.to_state, claimed.owner) == ("queued", "staff", "U1")
    assert next(one for one in log if one.what == "relayed").delivery == DeliveryStatus.DUE
    assert [one.at for one in log] == sorted(one.at for one in log)
    assert await store.case_log("nothing.1") == []


@BOTH_DATABASES
async def test_the_log_tells_what_became_of_tickets_in_order(store: SqlStore, clock: ManualClock) -> None:
    """By staff, on the card, and by the agent's tools; of tickets that no case made, those of its time."""
    await accept(store, said("e1", "Hello"))
    state = await claim_one(store)
    holder = Holder.of(await known(store, state.conversation.id), state.conversation.id)
    await store.create_ticket(holder, NewTicket("Long before"), actor="agent", origin="call 0")
    clock.move(3600)
    number = await store.ticket_number_for("case 1")
    case = Case(Case.named(state.conversation.id, 1), state.conversation.id, 1, "r", "rule", "normal", clock.now())
    ticket = OpenTicket(case.id, number, holder.customer_id, case.conversation_id, "Hello", TicketPriority.LOW, "rule")
    up = Transition(OwnershipEvent.ESCALATE)
    done = TurnOutcome(state.claim, state.pending[-1].seq, transition=up, cases=(OpenCase(case), ticket))
    await store.finish([done])
    clock.move(10)
    new = NewTicket("The invoice", category="billing", note="Number 12")
    other = await store.create_ticket(holder, new, actor="agent", origin="call 1")
    clock.move(10)
    change = TicketChange(priority=TicketPriority.HIGH, category="refunds", note="Angry")
    await store.update_ticket(holder, number, change, actor="agent", origin="call 2")
    clock.move(10)
    await accept(store, from_staff("m/C1/2.1", "{}"))
    staff = await claim_one(store)
    resolves = MoveTicket(case.id, TicketStatus.RESOLVED, "U1")
    changes = ChangeTicket(case.id, TicketChange(note="Done"), "U2", staff.pending[0].id)
    await store.finish([TurnOutcome(staff.claim, staff.pending[0].seq, cases=(changes, resolves))])
    log = [(one.ticket, one.what, one.actor, one.text) for one in await store.case_log(case.id)]
    assert log == [
        (None, "escalate", None, ""),
        (number, "opened", "rule", "Hello"),
        (other.number, "opened", "agent", "The invoice"),
        (other.number, "note", "agent", "Number 12"),
        (number, "priority", "agent", "high"),
        (number, "category", "agent", "refunds"),
        (number, "note", "agent", "Angry"),
        (number, "note", "U2", "Done"),
        (number, "status", "U1", "resolved"),
    ]


@BOTH_DATABASES
async def test_a_case_is_found_by_its_ticket(store: SqlStore) -> None:
    state, case = await escalate(store)
    number = await store.ticket_number_for(case.id)
    ticket = OpenTicket(case.id, number, "ada", case.conversation_id, "Broken", TicketPriority.NORMAL, "agent")
    await accept(store, said("e9"))
    again = await claim_one(store)
    await store.finish([TurnOutcome(again.claim, again.pending[-1].seq, cases=(ticket,))])
    assert await store.case_named(number) == case.id
    assert await store.case_named(case.id) == case.id
    assert await store.case_named("TKT-20200101-0001") is None
    assert state.conversation.id == case.conversation_id


@BOTH_DATABASES
async def test_the_past_is_a_customers_own_and_of_strangers_only_this(store: SqlStore, clock: ManualClock) -> None:
    ada = customer("ada", verified=True)
    for number, where in enumerate(("t1", "t2", "t3")):
        await accept(store, said(f"e{number}", f"Question {number}", where=where, who=ada))
        state = await claim_one(store)
        case = Case(
            Case.named(state.conversation.id, 1), state.conversation.id, 1, "why", "customer", "normal", clock.now()
        )
        records = (OpenCase(case), KeepRating(case.id, 5), CloseCase(case.id)) if number == 0 else ()
        await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, cases=records)])
        clock.move(60)
    await accept(
        store, said("x1", "Somebody else", where="t9"), said("x2", "Not proved", where="t8", who=customer("ada"))
    )
    newest = state.conversation.id
    holder = Holder((await known(store, newest)).id, newest, verified=True)
    ticket = await store.create_ticket(holder, NewTicket("By the agent"), actor="agent", origin="turn:1")
    past = await store.past(await known(store, newest), newest, offset=0, limit=10)
    assert [(one.first, one.messages) for one in past] == [(f"Question {number}", 1) for number in (2, 1, 0)]
    assert [[one.number for one in found.tickets] for found in past] == [[ticket.number], [], []]
    (old,) = past[2].cases
    assert (old.reason, old.score, old.closed_at is not None) == ("why", 5, True)
    assert [one.first for one in await store.past(await known(store, newest), newest, offset=1, limit=1)] == [
        "Question 1"
    ]
    stranger = said("x2", where="t8").conversation.conversation_id
    alone = await store.past(await known(store, stranger), stranger, offset=0, limit=10)
    assert [one.first for one in alone] == ["Not proved"]


@BOTH_DATABASES
async def test_where_a_post_was_shown_and_since_when_somebody_waits(store: SqlStore, clock: ManualClock) -> None:
    state, case = await escalate(store)
    shown = feed("main", case.id)
    before = await store.queued_since(state.conversation.id)
    assert before is not None
    assert abs((before - clock.now()).total_seconds()) < 60
    assert await store.queued_since("nothing") is None
    (delivery,) = await store.claim_deliveries("desk", "main", 1, LEASE)
    receipts = (Receipt("m/C1/1.1", tracked=True), Receipt("m/C1/1.2", tracked=True))
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, receipts)])
    assert await store.shown_at(shown.conversation_id, [1, 2]) == {1: "m/C1/1.1"}
    assert await store.shown_at(shown.conversation_id, []) == {}


async def test_names_that_a_company_chose_hide_nothing(store: SqlStore) -> None:
    """Its own fields, and what its tools answer with, stand on every card, below the top level."""
    issue, chosen = (
        Issue("https://github.com/acme/app/issues/12", "app#12"),
        ("issues", "Issues", "owned_since", "facts"),
    )
    facts = {"customer": "Ada", "context": dict.fromkeys(chosen, "3 open"), "fields": dict.fromkeys(chosen, "[1]")}
    known = {"facts": facts, "owned_since": 5.0, "issues": [asdict(issue)]}
    later: list[dict[str, Any]] = [{"facts": {**facts, "issues": ["none"], "place": place}} for place in range(60)]
    metas = [{"facts": facts}, {**known, "facts": {**facts, "place": -1}}, *later]
    posts = [answer("The card", author=Author.SYSTEM, meta=meta) for meta in metas]
    _, case = await escalate(store, *posts)
    assert await store.issues("main", case.id) == [issue]
    assert await store.owned_since("main", case.id) == datetime.fromtimestamp(5.0, UTC)
    assert (await store.card("main", case.id))["place"] == 59


async def test_names_that_a_company_chose_are_nothing_themselves(store: SqlStore) -> None:
    nested = {"facts": {"issues": [{"url": "https://e.com/1", "key": "1"}], "owned_since": 5.0, "facts": {"a": 1}}}
    _, case = await escalate(store, answer("The card", author=Author.SYSTEM, meta={"told": nested}))
    assert await store.issues("main", case.id) == []
    assert await store.owned_since("main", case.id) is None
    assert await store.card("main", case.id) == {}
