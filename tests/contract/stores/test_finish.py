"""Committing turns and transitions: all of an outcome or nothing, and only by who holds the claim."""

from __future__ import annotations

import pytest

from core.domain.conversation import Escalation, IllegalTransition, OwnershipEvent, OwnershipState
from core.domain.customer import ContactDetails
from core.domain.messages import Author, Citation
from core.ports.store import Store, Transition, TurnOutcome
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    answered,
    change_owner,
    claim,
    claim_one,
    finish,
    outcome,
    said,
    thread,
)

pytestmark = BOTH_DATABASES


async def test_an_answer_is_stored_with_all_that_belongs_to_it(store: Store) -> None:
    await accept(store, said("e1"))
    cited = Citation("p1", "Passwords", "Press *Reset*.", "faq.yaml", 0.9, page=2)
    state = await claim_one(store)
    assert await finish(store, state, answer("Press it [1].", citations=(cited,), meta={"intent": "x"}, turn_id="c:1"))
    _, said_back = await store.messages(thread().conversation_id)
    assert said_back.citations == (cited,)
    assert said_back.author == Author.AGENT
    assert said_back.meta["intent"] == "x"
    assert said_back.meta["status"] == "bot"
    conversation = await store.conversation(thread().conversation_id)
    assert conversation is not None
    assert (conversation.last_seq, conversation.done_seq) == (2, 2)


async def test_a_turn_without_messages_is_done_too(store: Store) -> None:
    await accept(store, said("e1"))
    assert await finish(store, await claim_one(store))
    assert await claim(store) == []


async def test_a_message_that_came_during_the_turn_is_handled_next(store: Store) -> None:
    await accept(store, said("e1", "One"))
    state = await claim_one(store)
    await accept(store, said("e2", "Two"))
    (finished,) = await store.finish([outcome(state, answer("To one"))])
    assert finished.held
    assert finished.pending
    following = await claim_one(store)
    assert [message.text for message in following.pending] == ["Two"]
    assert [message.text for message in following.history] == ["One", "To one"]
    assert await finish(store, following, answer("To two"))
    while states := await claim(store):
        assert all(not state.pending for state in states)
        assert await finish(store, states[0])
    conversation = await store.conversation(thread().conversation_id)
    assert conversation is not None
    assert conversation.done_seq == conversation.last_seq == 4


async def test_a_claim_is_finished_once(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    assert await finish(store, state, answer("once"))
    assert not await finish(store, state, answer("twice"))
    assert len(await store.messages(thread().conversation_id)) == 2


async def test_a_claim_is_finished_once_within_a_batch_too(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    first, second = await store.finish([outcome(state, answer("once")), outcome(state, answer("twice"))])
    assert first.held
    assert not second.held
    assert len(await store.messages(thread().conversation_id)) == 2


async def test_a_lost_outcome_leaves_nothing_and_harms_no_neighbour(store: Store, clock: ManualClock) -> None:
    await accept(store, said("e1"), said("x1", where="t2"))
    states = {state.conversation.key.thread: state for state in await claim(store)}
    clock.move(LEASE + 1)
    await store.extend([states["t2"].claim], LEASE)
    taken = await claim_one(store)
    assert taken.conversation.key.thread == "t1"
    lost = TurnOutcome(
        states["t1"].claim,
        handled_seq=1,
        messages=(answer("zombie"),),
        transition=Transition(OwnershipEvent.ESCALATE, escalation=Escalation("no")),
        contact=ContactDetails(email="zombie@example.com"),
    )
    first, second = await store.finish([lost, outcome(states["t2"], answer("fine"))])
    assert not first.held
    assert second.held
    assert [message.text for message in await store.messages(thread("t1").conversation_id)] == ["Hello"]
    conversation, person = (
        await store.conversation(thread("t1").conversation_id),
        await store.customer(thread("t1").conversation_id),
    )
    assert conversation is not None
    assert person is not None
    assert conversation.state == OwnershipState.BOT
    assert person.contact == ContactDetails()


async def test_an_unknown_conversation_is_not_held(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    from dataclasses import replace

    nowhere = replace(outcome(state), claim=replace(state.claim, conversation_id="0" * 32))
    (finished,) = await store.finish([nowhere])
    assert not finished.held
    assert list(await store.finish([])) == []


async def test_contact_details_are_kept_with_the_turn(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    (finished,) = await store.finish([outcome(state, contact=ContactDetails(email="ada@example.com"))])
    assert finished.held
    await accept(store, said("e2"))
    state = await claim_one(store)
    await store.finish([outcome(state, contact=ContactDetails(phone="+44 1"))])
    person = await store.customer(state.conversation.id)
    assert person is not None
    assert person.contact == ContactDetails("ada@example.com", "+44 1"), "what is learnt adds up"


async def test_an_escalation_raises_both_epochs_and_says_so(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    raised = TurnOutcome(
        state.claim,
        handled_seq=1,
        messages=(answer("A person will answer.", author=Author.SYSTEM),),
        transition=Transition(OwnershipEvent.ESCALATE, escalation=Escalation("asked\x00 for it \ud800")),
    )
    (finished,) = await store.finish([raised])
    assert finished.held
    conversation = await store.conversation(state.conversation.id)
    assert conversation is not None
    assert conversation.state == OwnershipState.QUEUED
    assert conversation.ownership_epoch == state.conversation.ownership_epoch + 1
    assert conversation.epoch == state.claim.epoch + 1
    assert (conversation.escalation_reason or "").startswith("asked")
    notice = (await store.messages(state.conversation.id))[-1]
    assert notice.meta["status"] == "queued"
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert delivery.message.text == "A person will answer."


async def test_an_illegal_transition_changes_nothing_at_all(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    with pytest.raises(IllegalTransition):
        await store.finish([outcome(state, answer("never"), event=OwnershipEvent.REOPEN_FOR_BOT)])
    assert len(await store.messages(state.conversation.id)) == 1
    assert await finish(store, state, answer("still mine"))


async def test_a_takeover_ends_the_turn_that_runs(store: Store) -> None:
    await accept(store, said("e1"))
    state = await claim_one(store)
    taken = await change_owner(store, state.conversation.id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    assert (taken.state, taken.owner) == (OwnershipState.STAFF, "grace")
    assert taken.epoch > state.claim.epoch
    assert taken.ownership_epoch == state.conversation.ownership_epoch + 1
    assert not await finish(store, state, answer("too late"))
    again = await claim_one(store)
    assert again.conversation.state == OwnershipState.STAFF
    assert [message.text for message in again.pending] == ["Hello"], "the message is still to be given to the desk"


async def test_a_transition_that_does_not_apply_changes_nothing(store: Store) -> None:
    conversation_id = await answered(store)
    before = await store.conversation(conversation_id)
    with pytest.raises(IllegalTransition):
        await change_owner(store, conversation_id, Transition(OwnershipEvent.RELEASE), [answer("never")])
    assert await store.conversation(conversation_id) == before
    assert len(await store.messages(conversation_id)) == 1


async def test_a_transitions_messages_do_not_count_as_handled_work(store: Store) -> None:
    await accept(store, said("e1", "waiting"))
    await change_owner(
        store,
        thread().conversation_id,
        Transition(OwnershipEvent.CLAIM, owner="grace"),
        [answer("Grace here.", author=Author.STAFF, author_name="Grace")],
    )
    state = await claim_one(store)
    assert [message.text for message in state.pending] == ["waiting"]
    assert [message.text for message in state.history] == ["Grace here."]


async def test_two_people_press_claim_at_once(open_store: OpenStore) -> None:
    import asyncio

    desks = [await open_store() for _ in range(2)]
    conversation_id = await answered(desks[0])
    await change_owner(desks[0], conversation_id, Transition(OwnershipEvent.ESCALATE))
    results = await asyncio.gather(
        *(
            change_owner(desk, conversation_id, Transition(OwnershipEvent.CLAIM, owner=name))
            for desk, name in zip(desks, ("ada", "grace"), strict=True)
        )
    )
    conversation = await desks[0].conversation(conversation_id)
    assert conversation is not None
    assert conversation.ownership_epoch == 3, "one after the other, each seen by the next"
    assert conversation.owner == max(results, key=lambda result: result.ownership_epoch).owner


async def test_a_takeover_and_a_finish_at_once(open_store: OpenStore) -> None:
    """Either the answer was committed before the takeover, or it was not committed at all."""
    import asyncio

    worker, desk = await open_store(), await open_store()
    for number in range(8):
        where = f"t{number}"
        await accept(worker, said(f"e{number}", where=where))
        state = await claim_one(worker)
        finished, taken = await asyncio.gather(
            worker.finish([outcome(state, answer())]),
            change_owner(desk, state.conversation.id, Transition(OwnershipEvent.CLAIM, owner="grace")),
        )
        messages = await worker.messages(state.conversation.id)
        assert len(messages) == (2 if finished[0].held else 1)
        assert taken.ownership_epoch == 1
        deliveries = await worker.claim_deliveries("web", "main", 10, LEASE)
        assert deliveries == [], "whatever the agent had said is withheld from now on"
        if not finished[0].held:
            assert await finish(worker, await claim_one(worker))
