"""What a turn says and changes in other conversations is one commit with it, or nothing of it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.domain.attachments import Attachment
from core.domain.case import Case, feed
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.customer import Identity
from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Author, ChangeKind, MessageReceived, Receipt
from core.ports.store import (
    CloseCase,
    CrossConversationWrite,
    Finished,
    NewMessage,
    OpenCase,
    Recall,
    Settlement,
    Transition,
    TurnOutcome,
    TurnState,
)
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    SENT_AT,
    accept,
    answer,
    change_owner,
    claim,
    claim_one,
    customer,
    deleted,
    edited,
    finish,
    said,
    thread,
)

OPENED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
THREAD = ConversationKey("slack", "main", "T1/C1/1.1")


def case_of(state: TurnState, number: int = 1) -> Case:
    home = state.conversation.id
    return Case(Case.named(home, number), home, number, "wants a refund", "customer", "normal", OPENED)


def from_staff(event: str, text: str = "Hello", user: str = "grace") -> MessageReceived:
    return MessageReceived(
        EventKey("slack", "main", event),
        THREAD,
        Identity("slack", "main", user),
        text,
        SENT_AT,
        audience=Audience.STAFF,
    )


async def escalate(store: SqlStore, *told: NewMessage, who: Identity | None = None) -> tuple[TurnState, Case]:
    """A customer who waits for a person; ``told`` is what staff are told."""
    await accept(store, said("e1", "A person, please", who=who))
    state = await claim_one(store)
    case = case_of(state)
    outcome = TurnOutcome(
        state.claim,
        state.pending[-1].seq,
        transition=Transition(OwnershipEvent.ESCALATE, escalation=Escalation("wants a refund")),
        cross_writes=(
            CrossConversationWrite(feed("main", case.id), told or (answer("The card", author=Author.SYSTEM),)),
        ),
        cases=(OpenCase(case),),
    )
    assert await store.finish([outcome]) == [Finished(held=True)]
    return state, case


async def customers_now(store: SqlStore, state: TurnState) -> TurnState:
    conversation = await store.conversation(state.conversation.id)
    assert conversation is not None
    return replace(state, conversation=conversation)


@BOTH_DATABASES
async def test_staff_are_told_in_the_same_commit(store: SqlStore) -> None:
    state, case = await escalate(
        store, answer("The card", author=Author.SYSTEM), answer("Words", author=Author.CUSTOMER)
    )
    assert await store.open_case(state.conversation.id) == case
    deliveries = await store.claim_deliveries("desk", "main", 10, LEASE)
    assert [delivery.message.text for delivery in deliveries] == ["The card"], "in order, one after the other"
    assert deliveries[0].message.conversation == feed("main", case.id)
    receipt = Receipt("m/C1/1.1", tracked=True)
    await store.settle([Settlement(deliveries[0].id, deliveries[0].token, DeliveryStatus.SENT, (receipt,))])
    assert await store.case_shown_at("main", "m/C1/1.1") == case.id
    assert await store.first_shown(feed("main", case.id).conversation_id) == "m/C1/1.1"
    assert [one.message.text for one in await store.claim_deliveries("desk", "main", 10, LEASE)] == ["Words"]
    assert not await claim(store), "what staff are told is nobody's work"


async def test_a_turn_that_lost_its_claim_tells_nobody(store: SqlStore, clock: ManualClock) -> None:
    await accept(store, said("e1"))
    old = await claim_one(store)
    clock.move(LEASE + 1)
    await claim_one(store)
    case = case_of(old)
    told = CrossConversationWrite(feed("main", case.id), (answer("The card"),))
    assert await store.finish([TurnOutcome(old.claim, 1, cross_writes=(told,), cases=(OpenCase(case),))]) == [
        Finished(held=False)
    ]
    assert await store.open_case(old.conversation.id) is None
    assert not await store.claim_deliveries("desk", "main", 10, LEASE)


async def test_what_staff_write_is_work_of_its_own(store: SqlStore) -> None:
    state, _ = await escalate(store)
    await accept(store, from_staff("m/C1/2.2", "We are looking"))
    staff = await claim_one(store)
    assert staff.conversation.audience is Audience.STAFF
    (message,) = staff.pending
    assert (message.author, message.meta["sender"], message.meta["at"]) == (Author.STAFF, "grace", "m/C1/2.2")
    now = await customers_now(store, state)
    relayed = answer("We are looking", author=Author.STAFF, relays=message.id, delay=3.0)
    cross_write = CrossConversationWrite(
        now.conversation.key, (relayed,), ownership_epoch=now.conversation.ownership_epoch
    )
    assert await store.finish([TurnOutcome(staff.claim, message.seq, cross_writes=(cross_write,))]) == [
        Finished(held=True)
    ]
    (copy,) = (await store.copies([message.id])).values()
    assert copy in {one.id for one in await store.messages(state.conversation.id)}
    assert await store.waiting([copy]) == {copy}


async def test_it_is_sent_only_after_its_delay(store: SqlStore, clock: ManualClock) -> None:
    state, _ = await escalate(store)
    await accept(store, from_staff("m/C1/2.2"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    relayed = answer("Later", author=Author.STAFF, delay=3.0)
    await store.finish(
        [TurnOutcome(staff.claim, 1, cross_writes=(CrossConversationWrite(now.conversation.key, (relayed,)),))]
    )
    assert not await store.claim_deliveries("web", "main", 10, LEASE)
    clock.move(3.1)
    assert [one.message.text for one in await store.claim_deliveries("web", "main", 10, LEASE)] == ["Later"]


async def test_of_two_decisions_on_the_same_state_one_is_outdated(store: SqlStore) -> None:
    state, _ = await escalate(store)
    await accept(store, from_staff("m/C1/2.2"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    await change_owner(store, now.conversation.id, Transition(OwnershipEvent.CLAIM, owner="linus"))
    cross_write = CrossConversationWrite(
        now.conversation.key,
        (answer("Mine now", author=Author.SYSTEM),),
        Transition(OwnershipEvent.CLAIM, owner="grace"),
        ownership_epoch=now.conversation.ownership_epoch,
    )
    assert await store.finish([TurnOutcome(staff.claim, 1, cross_writes=(cross_write,))]) == [
        Finished(held=True, pending=True, outdated=True)
    ]
    held = await store.conversation(now.conversation.id)
    assert held is not None
    assert (held.state, held.owner) == (OwnershipState.STAFF, "linus")
    again = await claim_one(store)
    assert [message.text for message in again.pending] == ["Hello"], "nothing was handled; it is decided anew"
    assert again.conversation.attempts == 0


async def test_two_turns_that_meet_in_one_conversation_do_not_share_a_commit(store: SqlStore) -> None:
    state, case = await escalate(store)
    await accept(store, said("e2", "Still there?"), from_staff("m/C1/2.2"))
    states = {one.conversation.audience: one for one in await claim(store)}
    mine, theirs = states[Audience.CUSTOMER], states[Audience.STAFF]
    now = await customers_now(store, state)
    to_staff = CrossConversationWrite(feed("main", case.id), (answer("Still there?", author=Author.CUSTOMER),))
    to_customer = CrossConversationWrite(
        now.conversation.key, (answer("Yes", author=Author.STAFF),), ownership_epoch=now.conversation.ownership_epoch
    )
    for first, second in (
        (
            TurnOutcome(theirs.claim, 1, cross_writes=(to_customer,)),
            TurnOutcome(mine.claim, 2, cross_writes=(to_staff,)),
        ),
    ):
        results = await store.finish([first, second])
        assert results == [Finished(held=True), Finished(held=True, pending=True, outdated=True)]
    left = await claim_one(store)
    assert left.conversation.audience is Audience.CUSTOMER
    assert [message.text for message in left.pending] == ["Still there?"]
    assert await store.finish([TurnOutcome(left.claim, left.pending[-1].seq, cross_writes=(to_staff,))]) == [
        Finished(held=True, pending=True)
    ]


@BOTH_DATABASES
async def test_a_message_that_waits_is_changed_or_taken_back(store: SqlStore, clock: ManualClock) -> None:
    state, _ = await escalate(store)
    await accept(store, from_staff("m/C1/2.2"), from_staff("m/C1/2.3"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    relayed = [answer(f"No {item.seq}", author=Author.STAFF, relays=item.id, delay=3.0) for item in staff.pending]
    await store.finish(
        [TurnOutcome(staff.claim, 2, cross_writes=(CrossConversationWrite(now.conversation.key, tuple(relayed)),))]
    )
    first, second = (await store.copies([message.id for message in staff.pending])).values()
    await accept(store, from_staff("m/C1/2.4"))
    later = await claim_one(store)
    recalls = (Recall(first, "Yes"), Recall(second, None))
    cross_write = CrossConversationWrite(
        now.conversation.key, ownership_epoch=now.conversation.ownership_epoch, recalls=recalls
    )
    assert await store.finish([TurnOutcome(later.claim, 3, cross_writes=(cross_write,))]) == [Finished(held=True)]
    clock.move(4)
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert delivery.message.text == "Yes"
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT)])
    assert not await store.claim_deliveries("web", "main", 10, LEASE)


@BOTH_DATABASES
async def test_what_is_being_sent_cannot_be_taken_back(store: SqlStore, clock: ManualClock) -> None:
    state, _ = await escalate(store)
    await accept(store, from_staff("m/C1/2.2"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    (message,) = staff.pending
    relayed = answer("Too late", author=Author.STAFF, relays=message.id)
    await store.finish(
        [TurnOutcome(staff.claim, 1, cross_writes=(CrossConversationWrite(now.conversation.key, (relayed,)),))]
    )
    (copy,) = (await store.copies([message.id])).values()
    clock.move(1)
    await store.claim_deliveries("web", "main", 10, LEASE)
    assert await store.waiting([copy]) == frozenset()
    await accept(store, from_staff("m/C1/2.4"))
    later = await claim_one(store)
    cross_write = CrossConversationWrite(
        now.conversation.key, recalls=(Recall(copy, None),), ownership_epoch=now.conversation.ownership_epoch
    )
    (finished,) = await store.finish([TurnOutcome(later.claim, 2, cross_writes=(cross_write,))])
    assert finished.outdated


async def test_changes_are_told_only_where_people_were_shown_the_message(store: SqlStore) -> None:
    await accept(store, said("e0", "For the agent"))
    before = await claim_one(store)
    await store.finish([TurnOutcome(before.claim, 1)])
    await accept(store, edited("x0", "e0", "Better"))
    assert not await claim(store), "the agent reads it as it is now"
    await accept(store, said("e1", "A person"))
    state = await claim_one(store)
    await store.finish([TurnOutcome(state.claim, 2, transition=Transition(OwnershipEvent.ESCALATE))])
    await accept(store, edited("x1", "e1", "A person!"), deleted("x2", "e0"))
    told = await claim_one(store)
    assert [(change.kind, change.message.text) for change in told.changes] == [
        (ChangeKind.EDITED, "A person!"),
        (ChangeKind.DELETED, ""),
    ]
    assert not told.pending
    await store.finish([TurnOutcome(told.claim, told.changes[-1].seq)])
    assert not await claim(store)


async def test_that_the_customer_ended_it_is_told_where_people_have_it_and_once(store: SqlStore) -> None:
    await accept(store, said("e0", "For the agent", where="t2"))
    other = await claim_one(store)
    await store.finish([TurnOutcome(other.claim, 1)])
    await store.end_conversation(thread("t2"), customer())
    assert not await claim(store), "nobody else has it"
    state, _ = await escalate(store)
    home = state.conversation.id
    await change_owner(store, home, Transition(OwnershipEvent.CLAIM, owner="grace"))
    for _ in range(2):
        await store.end_conversation(state.conversation.key, customer())
    (told,) = [one for one in await claim(store) if one.conversation.id == home]
    assert [(one.kind, one.message.text) for one in told.changes] == [(ChangeKind.ENDED, state.pending[-1].text)]
    assert not told.pending
    await store.finish([TurnOutcome(told.claim, told.changes[-1].seq)])
    after = await change_owner(
        store, home, Transition(OwnershipEvent.RESOLVE), [answer("Closed.", author=Author.SYSTEM)]
    )
    assert after.state is OwnershipState.RESOLVED


async def test_files_are_passed_on_as_copies(store: SqlStore) -> None:
    state, case = await escalate(store)
    file = Attachment("f1", "a.txt", "text/plain", 3, "0" * 64, "ab/" + "ab" * 16)
    await accept(store, said("e2", "See the file"))
    mine = await claim_one(store)
    assert await store.attach(mine.conversation.id, mine.pending[0].id, file)
    copy = answer("See the file", author=Author.CUSTOMER, relays=mine.pending[0].id, attachments=(file,))
    told = CrossConversationWrite(feed("main", case.id), (copy,))
    await store.finish([TurnOutcome(mine.claim, mine.pending[-1].seq, cross_writes=(told,))])
    (shown,) = [one for one in await store.messages(feed("main", case.id).conversation_id) if one.attachments]
    (kept,) = [one for one in await store.messages(state.conversation.id) if one.attachments]
    assert shown.attachments[0].storage_key == kept.attachments[0].storage_key
    assert shown.attachments[0].id != kept.attachments[0].id


async def test_whoever_comes_back_soon_comes_back_to_their_case(store: SqlStore, clock: ManualClock) -> None:
    state, _ = await escalate(store)
    home = state.conversation.id
    await change_owner(store, home, Transition(OwnershipEvent.CLAIM, owner="grace"))
    await change_owner(store, home, Transition(OwnershipEvent.RESOLVE, reopen_within=60.0))
    await accept(store, said("e2", "Not quite"))
    soon = await claim_one(store)
    assert (soon.conversation.state, soon.comes_back) == (OwnershipState.BOT, True)
    assert await finish(store, soon, answer())
    await accept(store, said("e3", "Still not"))
    assert (again := await claim_one(store)).comes_back, "the agent's answer changes nothing"
    assert await finish(store, again, answer())
    clock.move(61)
    await accept(store, said("e4", "Something else"))
    late = await claim_one(store)
    assert (late.conversation.state, late.comes_back) == (OwnershipState.BOT, False)


async def test_what_somebody_else_may_have_written_brings_no_case_back(store: SqlStore) -> None:
    state, _ = await escalate(store)
    home = state.conversation.id
    await change_owner(store, home, Transition(OwnershipEvent.RESOLVE, reopen_within=60.0))
    await accept(store, said("e2", "It broke again"))
    assert await finish(store, await claim_one(store), answer())
    await accept(store, said("e3", "It broke again", caution="It fails a check."))
    assert not (await claim_one(store)).comes_back


async def test_a_case_is_opened_once_closed_once_and_opened_again(store: SqlStore) -> None:
    state, case = await escalate(store)
    home = state.conversation.id
    steps = ((OpenCase(case), True), (CloseCase(case.id), False), (CloseCase(case.id), False))
    for number, (record, is_open) in enumerate(steps, start=2):
        await accept(store, said(f"e{number}"))
        turn = await claim_one(store)
        await store.finish([TurnOutcome(turn.claim, turn.pending[-1].seq, cases=(record,))])
        assert (await store.open_case(home) is not None) is is_open
    last = await store.last_case(home)
    assert last is not None
    assert last.closed_at is not None
    await accept(store, said("again"))
    turn = await claim_one(store)
    await store.finish([TurnOutcome(turn.claim, turn.pending[-1].seq, cases=(OpenCase(case),))])
    assert await store.open_case(home) == case


@BOTH_DATABASES
@pytest.mark.parametrize("author", [Author.AGENT, Author.STAFF])
async def test_only_the_agents_messages_hold_a_claim_up(store: SqlStore, author: Author) -> None:
    await accept(store, said("e1"))
    turn = await claim_one(store)
    await store.finish([TurnOutcome(turn.claim, 1, (answer(author=author),))])
    assert await store.being_sent(turn.conversation.id) == 0
    await asyncio.sleep(0)
    await store.claim_deliveries("web", "main", 10, LEASE)
    assert await store.being_sent(turn.conversation.id) == (1 if author is Author.AGENT else 0)
