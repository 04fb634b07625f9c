"""What is kept of a customer can be shown, and is erased whole: nothing of it is found in any table afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from core.domain.case import Case, feed
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.customer import ContactDetails, Identity
from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Author, MessageDeleted, MessageReceived, RawEvent, Receipt
from core.domain.ticket import TicketPriority, TicketStatus
from core.ports.journal import JournalEntry
from core.ports.outcomes import BlockCustomer, ChangeTicket, KeepComment, KeepNote, KeepRating, LinkIdentity, OpenTicket
from core.ports.store import (
    Acceptable,
    CrossConversationWrite,
    NewMessage,
    OpenCase,
    Settlement,
    Transition,
    TurnOutcome,
)
from core.ports.tickets import Holder, NewTicket, TicketChange
from core.storage.personal import Erased
from core.storage.store import SqlStore
from core.storage.tables import metadata
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.sayings import (
    LEASE,
    SENT_AT,
    accept,
    answer,
    claim,
    claim_one,
    file,
    finish,
    outcome,
)
from tests.contract.stores.test_cross_conversation_writes import from_staff

MARK = "zanzibar"
"""In everything that is the customer's own."""
PHONE = Identity("sms", "AC1", f"+49{MARK}", MARK)
MAIL = Identity("email", "help@example.com", f"{MARK}@example.com", MARK, verified=True)
OTHER = Identity("sms", "AC1", "+4930999999", "Bob")


def wrote(who: Identity, event: str, text: str = f"I am {MARK}", *, where: str | None = None) -> MessageReceived:
    key = ConversationKey(who.channel, who.account, where or who.external_id)
    return MessageReceived(EventKey(who.channel, who.account, event), key, who, text, SENT_AT)


def told_staff(case: Case) -> list[NewMessage]:
    return [answer(f"Case {case.number} was erased", author=Author.SYSTEM)]


def note_without(note: str, addresses: Collection[str]) -> str | None:
    """Of a note that is a list of people."""
    return " ".join(one for one in note.split() if one not in addresses) or None


async def erase(store: SqlStore, address: str = PHONE.external_id, *, only: bool = False) -> Erased:
    return await store.erase_customer(address, told_staff, note_without, "operator", only=only)


async def everything(store: SqlStore) -> dict[str, list[Mapping[str, Any]]]:
    """All rows of all tables."""

    def rows(connection: Connection) -> dict[str, list[Mapping[str, Any]]]:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }

    return await store.database.read(rows)


async def where_found(store: SqlStore, word: str = MARK) -> set[str]:
    """Tables and columns in which the word stands."""
    tables = await everything(store)
    return {
        f"{table}.{name}"
        for table, rows in tables.items()
        for row in rows
        for name, value in row.items()
        if word in (value.decode(errors="replace") if isinstance(value, bytes) else str(value))
    }


async def full_life(store: SqlStore) -> Case:
    """The customer writes, links an address, has tickets, files, a case that staff answered and one that is open."""
    first = wrote(PHONE, "s1", f"{MARK} asks")
    raw = RawEvent("sms", "AC1", f"From={MARK}".encode(), {})
    (accepted,) = await store.accept([Acceptable(first, raw=raw, window=0.0)])
    assert not isinstance(accepted, Exception)
    home = accepted.conversation_id
    state = await claim_one(store)
    await store.attach(home, state.pending[0].id, file("file-1", name=f"{MARK}.pdf", text=MARK, storage_key="ab/1"))
    await store.add_attachment(home, file("file-2", name=f"{MARK}.pdf", storage_key="ab/2"))
    holder = Holder.of(state.customer, home)
    await store.create_ticket(holder, NewTicket(f"{MARK}'s parcel", note=MARK), actor="agent", origin="call 0")
    journal = JournalEntry("call 1", 1, "lookup", f'{{"who": "{MARK}"}}', "done", MARK)
    await store.record(state.claim, f"{home}:1", journal)
    case = Case(Case.named(home, 1), home, 1, f"{MARK} wants a refund", "customer", "normal", SENT_AT)
    number = await store.ticket_number_for(case.id)
    opens = OpenTicket(case.id, number, state.customer.id, home, f"{MARK} refund", TicketPriority.LOW, "rule")
    card = answer(f"Card of {MARK}", author=Author.SYSTEM, meta={"post": "card", "facts": {"customer": MARK}})
    done = TurnOutcome(
        state.claim,
        state.pending[-1].seq,
        messages=(answer(f"Dear {MARK}"),),
        transition=Transition(OwnershipEvent.ESCALATE),
        contact=ContactDetails(email=f"{MARK}@example.org", phone=f"+1{MARK}"),
        cross_writes=(CrossConversationWrite(feed("main", case.id), (card,)),),
        cases=(
            LinkIdentity(home, state.customer.id, MAIL, ""),
            OpenCase(case),
            opens,
            KeepRating(case.id, 1),
            KeepComment(case.id, MARK),
        ),
    )
    await store.finish([done])
    for delivery in await store.claim_deliveries("desk", "main", 10, LEASE):
        await store.settle([settled(delivery, "m/C1/1.1")])
    await accept(store, from_staff("m/C1/2.1", f"Good morning {MARK}"), from_staff("m/C1/2.2", f"// {MARK} is rude"))
    staff = await claim_one(store)
    reply, note = staff.pending
    relayed = answer(f"Good morning {MARK}", author=Author.STAFF, relays=reply.id)
    cross_write = CrossConversationWrite(ConversationKey("sms", "AC1", PHONE.external_id), (relayed,))
    kept = KeepNote(case.id, note.id, "U1")
    await store.finish([TurnOutcome(staff.claim, note.seq, cross_writes=(cross_write,), cases=(kept,))])
    await accept(store, wrote(MAIL, "m1"))
    await finish(store, await claim_one(store), answer(f"By mail, {MARK}"))
    await store.remember("sms", "AC1", f"window/{PHONE.external_id}", "now")
    await store.quarantine(RawEvent("sms", "AC1", f"From=%2B49{MARK}&Body=hm".encode(), {}), "unreadable")
    return case


def settled(delivery: Any, provider_id: str) -> Settlement:
    receipt = Receipt(provider_id, tracked=True)
    return Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, receipts=(receipt,))


async def test_nothing_of_a_customer_is_found_afterwards(store: SqlStore) -> None:
    await full_life(store)
    assert {"message.text", "attachment.name", "ticket.subject", "quarantine.body"} <= await where_found(store)
    done = await erase(store)
    assert sorted(done.identities) == [f"email:{MAIL.external_id}", f"sms:{PHONE.external_id}"]
    assert (done.conversations, done.open_cases) == (2, 1)
    assert await where_found(store) == set()
    assert await erase(store) == Erased()


async def test_staff_of_an_open_case_are_told_and_nothing_else_is_sent(store: SqlStore) -> None:
    case = await full_life(store)
    await erase(store)
    told = await store.claim_deliveries("desk", "main", 10, LEASE)
    assert [one.message.text for one in told] == ["Case 1 was erased"]
    assert not await store.claim_deliveries("sms", "AC1", 10, LEASE)
    now = await store.conversation(case.conversation_id)
    assert now is not None
    assert now.state is OwnershipState.RESOLVED
    assert await store.open_case(case.conversation_id) is None


async def test_files_are_left_to_the_sweep(store: SqlStore) -> None:
    await full_life(store)
    await erase(store)
    stale = [one.storage_key for _, one in await store.stale_attachments(86_400.0, 10)]
    assert sorted(stale) == ["ab/1", "ab/2"]


async def test_what_was_answered_is_not_answered_again_and_who_writes_anew_is_somebody_new(store: SqlStore) -> None:
    case = await full_life(store)
    before = await store.customer(case.conversation_id)
    assert before is not None
    await erase(store)
    (again,) = await accept(store, wrote(PHONE, "s1", f"{MARK} asks"))
    assert again.duplicate
    assert await where_found(store) == set()
    assert not await claim(store)
    (new,) = await accept(store, wrote(PHONE, "s2", "Hello again"))
    assert (new.conversation_id, new.duplicate) == (case.conversation_id, False)
    state = await claim_one(store)
    assert [one.text for one in (*state.history, *state.pending)] == ["Hello again"]
    assert state.customer.id != before.id
    assert state.conversation.key.thread == PHONE.external_id
    assert await finish(store, state, answer("Hello"))
    assert len(await store.claim_deliveries("sms", "AC1", 10, LEASE)) == 1


async def test_a_turn_under_way_writes_nothing_more(store: SqlStore) -> None:
    await accept(store, wrote(PHONE, "s1"))
    state = await claim_one(store)
    await erase(store)
    assert not await finish(store, state, answer(f"Dear {MARK}"))
    assert not await store.attach(state.conversation.id, state.pending[0].id, file("late", name=MARK))
    assert await where_found(store) == set()


@BOTH_DATABASES
async def test_only_one_identity(store: SqlStore) -> None:
    await full_life(store)
    await erase(store, MAIL.external_id, only=True)
    assert await where_found(store, f"{MARK}@example.com") == set()
    assert not any(one == f"email:{MAIL.external_id}" for one in await identities(store))
    assert f"sms:{PHONE.external_id}" in await identities(store)
    assert await store.links(PHONE.external_id) == []


async def identities(store: SqlStore) -> set[str]:
    return {f"{row['channel']}:{row['external_id']}" for row in (await everything(store))["identity"]}


async def test_a_claimed_address_erases_nothing(store: SqlStore) -> None:
    await full_life(store)
    assert await erase(store, f"{MARK}@example.org") == Erased()
    assert await erase(store, f"+1{MARK}") == Erased()


async def test_what_others_wrote_in_the_same_place_stays_theirs(store: SqlStore) -> None:
    mine, theirs = wrote(PHONE, "g1", f"{MARK} here", where="group"), wrote(OTHER, "g2", "And Bob", where="group")
    await accept(store, mine)
    await finish(store, await claim_one(store), answer(f"Hello {MARK}"))
    await accept(store, theirs)
    state = await claim_one(store)
    await store.finish([replace(outcome(state, answer("Hello Bob")), customer_id=state.customer.id)])
    await erase(store)
    assert await where_found(store) == set()
    await accept(store, wrote(OTHER, "g3", "More", where="group"))
    state = await claim_one(store)
    assert [one.text for one in (*state.history, *state.pending)] == ["And Bob", "Hello Bob", "More"]
    assert state.customer.external_id == OTHER.external_id
    assert await finish(store, state, answer("Yes"))


@BOTH_DATABASES
async def test_a_case_of_one_in_a_group_ends_and_the_group_goes_on(store: SqlStore) -> None:
    await accept(store, wrote(OTHER, "g1", "Bob begins", where="group"))
    await finish(store, await claim_one(store), answer("Hello Bob"))
    await accept(store, wrote(PHONE, "g2", f"{MARK} wants a person", where="group"))
    state = await claim_one(store)
    home = state.conversation.id
    case = Case(Case.named(home, 1), home, 1, f"for {MARK}", "customer", "normal", SENT_AT)
    number = await store.ticket_number_for(case.id)
    opens = OpenTicket(case.id, number, state.customer.id, home, MARK, TicketPriority.LOW, "rule")
    escalates = Transition(OwnershipEvent.ESCALATE, escalation=Escalation(f"for {MARK}"))
    cross_write = CrossConversationWrite(feed("main", case.id), (answer(f"Card of {MARK}", author=Author.SYSTEM),))
    done = TurnOutcome(
        state.claim,
        state.pending[-1].seq,
        transition=escalates,
        cross_writes=(cross_write,),
        cases=(OpenCase(case), opens),
        customer_id=state.customer.id,
    )
    await store.finish([done])
    assert (await erase(store)).open_cases == 1
    assert await where_found(store) == set()
    now = await store.conversation(home)
    assert now is not None
    assert now.state is OwnershipState.RESOLVED
    await accept(store, wrote(OTHER, "g3", "Still here", where="group"))
    (turn,) = [one for one in await claim(store) if one.conversation.id == home]
    assert ([one.text for one in turn.pending], turn.conversation.state) == (["Still here"], OwnershipState.BOT)


async def test_somebody_who_only_joined_leaves_the_conversation_of_the_other(store: SqlStore) -> None:
    await accept(store, wrote(OTHER, "g1", "Bob begins", where="group"))
    await finish(store, await claim_one(store), answer("Hello Bob"))
    await accept(store, wrote(PHONE, "g2", f"{MARK} joins", where="group"))
    state = await claim_one(store)
    await erase(store)
    assert not await finish(store, state, answer(f"Hello {MARK}"))
    assert await where_found(store) == set()
    (left,) = await claim(store)
    assert (list(left.pending), left.customer.external_id) == ([], OTHER.external_id)


async def test_an_edit_of_what_was_erased_finds_nothing(store: SqlStore) -> None:
    await accept(store, wrote(PHONE, "s1"))
    await erase(store)
    key = ConversationKey("sms", "AC1", PHONE.external_id)
    gone = MessageDeleted(EventKey("sms", "AC1", "d1"), key, EventKey("sms", "AC1", "s1"), SENT_AT)
    (result,) = await store.accept([Acceptable(gone)])
    assert isinstance(result, Exception)
    assert await where_found(store) == set()


@BOTH_DATABASES
async def test_who_writes_meanwhile_is_answered_or_erased(open_store: OpenStore) -> None:
    """Two hubs: each message is either part of what was erased, or begins something new that can be answered."""
    one, two = await open_store(), await open_store()
    await accept(one, wrote(PHONE, "s0"))

    async def write(number: int) -> None:
        where = None if number % 2 else f"other thread {number}"
        await accept(two, wrote(PHONE, f"s{number}", where=where))

    await asyncio.gather(erase(one), *(write(number) for number in range(1, 9)))
    states = await claim(one, 50)
    tables = await everything(one)
    known = {row["customer_id"] for row in tables["identity"]}
    assert {row["customer_id"] for row in tables["conversation"] if row["customer_id"]} <= known
    assert {row["id"] for row in tables["customer"]} <= known
    assert all(state.pending for state in states)
    await erase(one)
    assert await where_found(one) == set()


@BOTH_DATABASES
async def test_an_export_has_what_was_said_and_nothing_that_staff_say_among_themselves(store: SqlStore) -> None:
    await full_life(store)
    found = await store.export_customer(PHONE.external_id, only=False)
    assert {kind for kind, _ in found} >= {
        *("identity", "customer", "identity_link", "conversation", "message", "attachment", "ticket", "ticket_entry"),
        *("desk_case", "rating"),
    }
    texts = {row["text"] for kind, row in found if kind == "message"}
    assert {f"{MARK} asks", f"Dear {MARK}", f"By mail, {MARK}"} <= texts
    assert not any("rude" in text or "Card" in text for text in texts)
    alone = await store.export_customer(MAIL.external_id, only=True)
    assert {row["external_id"] for kind, row in alone if kind == "identity"} == {MAIL.external_id}
    assert await store.export_customer("nobody@example.com", only=False) == []


@BOTH_DATABASES
async def test_an_export_has_nothing_of_what_staff_think_or_of_who_they_are(store: SqlStore) -> None:
    case = await full_life(store)
    await accept(store, wrote(PHONE, "s2", "Well?"))
    state = await claim_one(store)
    note = TicketChange(note="SECRET fraud?", fields={"Risk": "SECRET"}, status=TicketStatus.ON_HOLD)
    thought = (
        ChangeTicket(case.id, note, "SECRET-USER", "m9"),
        BlockCustomer(case.id, state.customer.id, "SECRET-USER", "SECRET abuse"),
    )
    claimed = Transition(OwnershipEvent.CLAIM, owner="SECRET-USER", actor="SECRET-USER")
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, transition=claimed, cases=thought)])
    kept = await where_found(store, "SECRET")
    assert {"ticket_entry.text", "ticket.fields", "customer.blocked", "conversation.owner"} <= kept
    found = await store.export_customer(PHONE.external_id, only=False)
    assert "SECRET" not in str(found)
    assert "wants a refund" not in str(found)
    entries = [(row["actor"], row["kind"], row["text"]) for kind, row in found if kind == "ticket_entry"]
    assert ("staff", "status", "on_hold") in entries
    assert ("agent", "note", MARK) in entries


async def test_an_export_of_one_in_a_group_does_not_tell_who_else_is_there(store: SqlStore) -> None:
    await accept(store, wrote(OTHER, "g1", "Bob begins", where="group"))
    await finish(store, await claim_one(store), answer("Hello Bob"))
    await accept(store, wrote(PHONE, "g2", f"{MARK} joins", where="group"))
    found = await store.export_customer(PHONE.external_id, only=False)
    assert f"{MARK} joins" in str(found)
    assert OTHER.external_id not in str(found)
    assert "Bob" not in str(found)
