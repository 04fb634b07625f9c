"""Several people write in one conversation: each is answered alone, as themselves, with what is theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.domain.conversation import OwnershipEvent, Sharing
from core.domain.customer import ContactDetails, Identity
from core.domain.delivery import DeliveryStatus
from core.domain.messages import SHARED, Author
from core.domain.readers import RECIPIENTS, MessageReader, NamedIn
from core.domain.ticket import TicketPriority
from core.ports.outcomes import OpenTicket
from core.ports.store import Settlement, TurnState
from core.ports.tickets import Holder, NewTicket
from core.storage.store import SqlStore
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    claim_one,
    customer,
    deleted,
    edited,
    file,
    finish,
    outcome,
    said,
)

ADA = customer("ada", display_name="Ada", email="ada@example.com", verified=True, locale="de")
BOB = customer("bob", display_name="Bob", verified=True, locale="fr")


def _in_group(event: str, who: Identity, text: str = "Hello", **fields: Any) -> Any:
    return said(event, text, who=who, shared=True, locale=who.locale, **fields)


def _words(state: TurnState) -> list[str]:
    return [message.text for message in state.pending]


async def test_whoever_writes_second_is_not_the_first(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA))
    first = await claim_one(store)
    assert await finish(store, first, answer())
    await accept(store, _in_group("e2", BOB))
    second = await claim_one(store)
    assert (first.customer.display_name, second.customer.display_name) == ("Ada", "Bob")
    assert second.customer.external_id == "bob"
    assert second.customer.id != first.customer.id == second.conversation.customer_id
    assert second.customer.contact == ContactDetails()
    assert second.conversation.locale == "fr"


async def test_what_people_write_at_once_is_a_turn_for_each_in_order(store: SqlStore) -> None:
    texts = [(ADA, "one"), (ADA, "two"), (BOB, "three"), (ADA, "four")]
    await accept(store, *(_in_group(f"e{number}", who, text) for number, (who, text) in enumerate(texts)))
    turns = []
    for _ in range(3):
        state = await claim_one(store)
        turns.append((state.customer.display_name, _words(state)))
        assert await finish(store, state, answer(f"to {state.customer.display_name}"))
    assert turns == [("Ada", ["one", "two"]), ("Bob", ["three"]), ("Ada", ["four"])]


async def test_what_follows_another_author_is_not_passed_over(store: SqlStore) -> None:
    """An edit behind somebody else's words waits for them: what is handled is counted by its place."""
    await accept(store, _in_group("e1", ADA))
    assert await finish(store, await claim_one(store), answer(), event=OwnershipEvent.ESCALATE)
    await accept(store, _in_group("e2", ADA, "two"), _in_group("e3", BOB, "three"), edited("x", "e2", "two, edited"))
    first = await claim_one(store)
    assert (_words(first), len(first.changes)) == (["two, edited"], 0)
    assert await finish(store, first)
    second = await claim_one(store)
    assert (_words(second), len(second.changes)) == (["three"], 1)


async def test_nobody_takes_the_turn_whose_words_are_gone(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA), _in_group("e2", BOB, "mine"), deleted("d", "e1"))
    state = await claim_one(store)
    assert (state.customer.display_name, _words(state)) == ("Bob", ["mine"])


async def test_who_is_forged_is_somebody_else_than_who_is_proven(store: SqlStore) -> None:
    forged = customer("ada", display_name="Ada", email="ada@example.com")
    await accept(store, said("e1", who=ADA), said("e2", "I am Ada", who=forged))
    proven = await claim_one(store)
    assert await finish(store, proven, answer())
    doubted = await claim_one(store)
    assert (proven.customer.verified, doubted.customer.verified) == (True, False)
    assert proven.customer.id != doubted.customer.id


async def test_contact_details_are_kept_with_who_left_them(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA))
    assert await finish(store, await claim_one(store), answer())
    await accept(store, _in_group("e2", BOB))
    state = await claim_one(store)
    mine = ContactDetails(phone="+49 30 1234")
    (finished,) = await store.finish([outcome(state, contact=mine, customer_id=state.customer.id)])
    assert finished.held
    await accept(store, _in_group("e3", ADA), _in_group("e4", BOB))
    ada = await claim_one(store)
    assert await finish(store, ada)
    bob = await claim_one(store)
    assert (ada.customer.contact, bob.customer.contact) == (ContactDetails(email="ada@example.com"), mine)


async def test_each_message_says_whose_it_is(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA), _in_group("e2", BOB))
    ids = []
    for _ in range(2):
        state = await claim_one(store)
        ids.append(state.customer.id)
        assert (await store.finish([outcome(state, answer(), customer_id=state.customer.id)]))[0].held
    assert [message.customer_id for message in await store.messages(state.conversation.id)] == [
        None,
        ids[1],
        None,
        ids[1],
    ]
    assert all(SHARED in message.meta for message in await store.messages(state.conversation.id))


async def test_a_conversation_knows_whether_others_ever_read_along(store: SqlStore) -> None:
    found = []
    for number, shared in enumerate((False, True, False)):
        await accept(store, said(f"e{number}", who=ADA, shared=shared))
        state = await claim_one(store)
        assert await finish(store, state)
        found.append((state.conversation.shared, state.is_private))
    assert found == [(Sharing.NEVER, True), (Sharing.SOMETIMES, False), (Sharing.SOMETIMES, False)]
    await accept(store, _in_group("g1", ADA, where="group"), _in_group("g2", BOB, where="group"))
    assert (await claim_one(store)).conversation.shared is Sharing.ALWAYS


async def test_where_answers_go_to_one_alone_they_are_nobody_elses(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA, "Where is it?", answered_alone=True))
    first = await claim_one(store)
    assert (await store.finish([outcome(first, answer("Ticket 4711"), customer_id=first.customer.id)]))[0].held
    await accept(store, _in_group("e2", BOB, answered_alone=True))
    (bobs,) = await store.claim(1, LEASE, history=10)
    assert [one.text for one in bobs.with_history_for_reader().history] == ["Where is it?"]
    assert bobs.conversation.shared is Sharing.SOMETIMES


def _mail(event: str, who: Identity, text: str, *others: str) -> Any:
    people = [MessageReader(one, None, NamedIn.CC) for one in others]
    readers = (MessageReader(who.external_id, None, NamedIn.FROM), *people) if others else ()
    return said(event, text, who=who, shared=bool(others), answered_alone=True, readers=readers)


async def _known_to(store: SqlStore) -> tuple[list[str], list[str]]:
    """What may be used in the next answer, and whom it goes to."""
    state = await claim_one(store)
    texts = [one.text for one in state.with_history_for_reader().history]
    recipients = [one["address"] for one in state.recipients]
    answered = answer(f"To {state.pending[-1].text}", meta={RECIPIENTS: state.recipients, SHARED: True})
    assert (await store.finish([outcome(state, answered, customer_id=state.customer.id)]))[0].held
    return texts, recipients


async def test_an_answer_to_all_uses_what_all_of_them_got(store: SqlStore) -> None:
    await accept(store, _mail("e1", ADA, "Ada to Bob", "bob"))
    assert await _known_to(store) == ([], ["ada", "bob"])
    await accept(store, _mail("e2", BOB, "Bob to Ada and Carol", "ada", "carol"))
    assert await _known_to(store) == ([], ["bob", "ada", "carol"]), "Carol did not get the first mail"
    await accept(store, _mail("e3", ADA, "Ada to Bob again", "bob"))
    assert await _known_to(store) == (
        ["Ada to Bob", "To Ada to Bob", "Bob to Ada and Carol", "To Bob to Ada and Carol"],
        ["ada", "bob"],
    )


async def test_an_answer_to_two_mails_goes_to_who_got_both(store: SqlStore) -> None:
    await accept(store, _mail("e1", ADA, "One", "bob", "carol"), _mail("e2", ADA, "Two", "carol", "dora"))
    assert (await _known_to(store))[1] == ["ada", "carol"]
    await accept(store, _mail("e3", ADA, "Alone"), _mail("e4", ADA, "Together", "bob"))
    assert (await _known_to(store))[1] == ["ada"]


async def test_an_unproven_mail_is_answered_to_nobody_else(store: SqlStore) -> None:
    await accept(store, _mail("e1", replace(ADA, verified=False), "Hello", "bob"))
    assert (await _known_to(store))[1] == []


async def test_what_staff_answered_in_a_mail_thread_is_not_repeated_to_who_began_it(store: SqlStore) -> None:
    await accept(store, said("e1", who=ADA))
    assert await finish(store, await claim_one(store))
    await accept(store, _in_group("e2", BOB))
    assert await finish(store, await claim_one(store), answer("Bob's order is late.", author=Author.STAFF))
    await accept(store, said("e3", who=ADA))
    assert [message.text for message in (await claim_one(store)).with_history_for_reader().history] == [
        "Hello",
        "Hello",
    ]


async def test_a_file_that_was_sent_in_private_is_its_senders_alone(store: SqlStore) -> None:
    where = said("e1", who=ADA).conversation.conversation_id
    for name in ("private", "shared"):
        await store.add_attachment(where, file(name))
    await accept(store, said("e1", who=ADA, stored_attachments=("private",)))
    assert await finish(store, await claim_one(store))
    await accept(store, _in_group("e2", ADA, stored_attachments=("shared",)), _in_group("e3", BOB))
    await accept(store, said("e4", who=ADA))
    seen = []
    for _ in range(3):
        state = await claim_one(store)
        seen.append([one.id for one in state.files])
        assert await finish(store, state)
    assert seen == [["shared"], ["shared"], ["private", "shared"]]


async def test_whose_a_case_is_says_its_ticket(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA))
    assert await finish(store, await claim_one(store), answer())
    await accept(store, _in_group("e2", BOB))
    state = await claim_one(store)
    home = state.conversation.id
    number = await store.ticket_number_for("case")
    opened = OpenTicket("case", number, state.customer.id, home, "?", TicketPriority.NORMAL, "customer")
    assert (await store.finish([outcome(state, cases=(opened,))]))[0].held
    without_case = NewTicket("of no case")
    await store.create_ticket(Holder.of(state.customer, home), without_case, actor="agent", origin="x")
    found = [await store.customer(home, case) for case in ("case", "none", None)]
    assert [one.display_name for one in found if one is not None] == ["Bob", "Ada", "Ada"]


async def test_the_messages_of_a_customer_are_not_those_of_others(store: SqlStore) -> None:
    await accept(store, _in_group("e1", ADA, "hers"), _in_group("e2", BOB, "his"))
    for name in ("Ada", "Bob"):
        state = await claim_one(store)
        done = outcome(state, answer(f"to {name}"), customer_id=state.customer.id)
        assert (await store.finish([done]))[0].held
    for one in await store.claim_deliveries("web", "main", 10, LEASE):
        await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    found = await store.customer_messages("web", "main", "ada", 10)
    assert [message.text for message in reversed(found)] == ["hers", "to Ada"]


async def test_a_ticket_from_elsewhere_is_not_shown_where_others_read(store: SqlStore) -> None:
    await accept(store, said("p1", who=ADA, where="private"))
    alone = await claim_one(store)
    assert await finish(store, alone)
    await accept(store, _in_group("e1", ADA))
    state = await claim_one(store)
    for turn, subject in ((alone, "there"), (state, "here")):
        holder = Holder.of(turn.customer, turn.conversation.id)
        await store.create_ticket(holder, NewTicket(subject), actor="agent", origin=subject)
    public = Holder.of(state.customer, state.conversation.id, private=state.is_private)
    assert [one.subject for one in await store.tickets(public, 10)] == ["here"]
    private = Holder.of(alone.customer, alone.conversation.id, private=alone.is_private)
    assert {one.subject for one in await store.tickets(private, 10)} == {"here", "there"}
