"""Edits, deletes and files of accepted messages, and what a message does to a resolved conversation."""

from __future__ import annotations

from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.errors import InvalidInput
from core.domain.messages import ChangeKind
from core.ports.channel import Accepted
from core.ports.store import Store, Transition
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import (
    accept,
    answer,
    change_owner,
    claim_one,
    deleted,
    edited,
    file,
    finish,
    item,
    outcome,
    said,
    thread,
)


async def test_an_edit_replaces_the_text(store: Store) -> None:
    (first,) = await accept(store, said("e1", "teh"))
    (change,) = await accept(store, edited("e2", "e1", "the"))
    assert (change.message_id, change.seq, change.duplicate) == (first.message_id, first.seq, False)
    (message,) = await store.messages(first.conversation_id)
    assert message.text == "the"
    assert message.edited_at is not None


@BOTH_DATABASES
async def test_an_edit_that_arrives_with_its_message(store: Store) -> None:
    await accept(store, said("e1", "teh"), edited("e2", "e1", "the"))
    (message,) = await store.messages(thread().conversation_id)
    assert message.text == "the"


async def test_a_repeated_edit_gets_the_same_answer(store: Store) -> None:
    await accept(store, said("e1", "a"), in_log=True)
    (first,) = await accept(store, edited("e2", "e1", "b"), in_log=True)
    await accept(store, edited("e3", "e1", "c"), in_log=True)
    (again,) = await accept(store, edited("e2", "e1", "b"), in_log=True)
    assert again.duplicate
    assert (again.message_id, again.seq, again.cursor) == (first.message_id, first.seq, first.cursor)
    (message,) = await store.messages(thread().conversation_id)
    assert message.text == "c", "an old edit delivered again must not win"


@BOTH_DATABASES
async def test_a_turn_at_work_on_the_message_finds_the_conversation_grown(store: Store) -> None:
    """With each change anew."""
    await accept(store, said("e1", "teh"), edited("e2", "e1", "the"))
    state = await claim_one(store)
    for place, change in ((2, edited("e3", "e1", "the end")), (3, deleted("e4", "e1"))):
        (changed,) = await accept(store, change)
        assert changed.seq == place
    refused = outcome(state, answer(), outdated_beyond=state.conversation.last_seq)
    assert [one.outdated for one in await store.finish([refused])] == [True]
    again = await claim_one(store)
    assert (again.pending, again.conversation.last_seq) == ((), 3)


async def test_a_turn_after_a_case_was_resolved_finds_it_grown_too(store: Store) -> None:
    """The agent answers there what was written while a person had the case."""
    (first,) = await accept(store, said("e1", "teh"))
    for event in (OwnershipEvent.CLAIM, OwnershipEvent.RESOLVE):
        await change_owner(store, first.conversation_id, Transition(event, owner="Grace"))
    state = await claim_one(store)
    assert state.conversation.state is OwnershipState.RESOLVED
    (changed,) = await accept(store, edited("e2", "e1", "the"))
    assert changed.seq == state.conversation.last_seq + 1


async def test_a_change_while_a_person_is_brought_in_is_told_to_them(store: Store) -> None:
    """They are shown the message as the turn knew it."""
    await accept(store, said("e1", "My PIN is 1234"))
    state = await claim_one(store)
    await accept(store, deleted("e2", "e1"))
    assert await finish(store, state, event=OwnershipEvent.ESCALATE)
    again = await claim_one(store)
    assert [(one.kind, one.message.text) for one in again.changes] == [(ChangeKind.DELETED, "")]


async def test_a_change_before_the_claim_costs_no_further_turn(store: Store) -> None:
    await accept(store, said("e1", "teh"), edited("e2", "e1", "the"))
    await finish(store, await claim_one(store))
    assert await store.claim(10, 5.0, history=10) == []


async def test_an_edit_is_no_new_message(store: Store) -> None:
    await accept(store, said("e1", "a"))
    await finish(store, await claim_one(store))
    await accept(store, edited("e2", "e1", "b"))
    assert await store.claim(10, 5.0, history=10) == []


async def test_a_deleted_message_has_no_text_and_needs_no_answer(store: Store) -> None:
    await accept(store, said("e1", "secret"), said("e2", "question"))
    await accept(store, deleted("e3", "e1"))
    state = await claim_one(store)
    assert [message.text for message in state.pending] == ["question"]
    gone, _ = await store.messages(thread().conversation_id)
    assert gone.text == ""
    assert gone.deleted_at is not None


async def test_a_late_edit_does_not_bring_a_deleted_text_back(store: Store) -> None:
    await accept(store, said("e1", "secret"))
    await accept(store, deleted("e2", "e1"))
    await accept(store, edited("e3", "e1", "secret again"))
    (message,) = await store.messages(thread().conversation_id)
    assert message.text == ""


async def test_a_conversation_with_nothing_left_to_answer_comes_to_rest(store: Store) -> None:
    await accept(store, said("e1"), deleted("e2", "e1"))
    state = await claim_one(store)
    assert state.pending == ()
    assert await finish(store, state)
    assert await store.claim(10, 5.0, history=10) == []


async def test_a_change_in_another_conversation_is_refused(store: Store) -> None:
    await accept(store, said("e1", "mine"), said("x1", where="t2"))
    (refused,) = await store.accept([item(edited("e2", "e1", "taken over", where="t2"))])
    assert isinstance(refused, InvalidInput)
    (message,) = await store.messages(thread().conversation_id)
    assert message.text == "mine"


async def test_a_file_travels_with_its_message(store: Store) -> None:
    await store.add_attachment(thread().conversation_id, file("f1"))
    await accept(store, said("e1", stored_attachments=("f1",)))
    state = await claim_one(store)
    assert [one.id for one in state.pending[0].attachments] == ["f1"]
    assert [one.id for one in state.files] == ["f1"]


async def test_a_file_of_another_conversation_is_refused(store: Store) -> None:
    await store.add_attachment(thread("t2").conversation_id, file("f1"))
    (refused,) = await store.accept([item(said("e1", stored_attachments=("f1",)))])
    assert isinstance(refused, InvalidInput)


async def test_a_file_is_sent_once(store: Store) -> None:
    await store.add_attachment(thread().conversation_id, file("f1"))
    await accept(store, said("e1", stored_attachments=("f1",)))
    (refused,) = await store.accept([item(said("e2", stored_attachments=("f1",)))])
    assert isinstance(refused, InvalidInput)


async def test_a_file_is_sent_once_within_a_batch_too(store: Store) -> None:
    await store.add_attachment(thread().conversation_id, file("f1"))
    first, second = await store.accept(
        [item(said("e1", stored_attachments=("f1",))), item(said("e2", stored_attachments=("f1",)))]
    )
    assert isinstance(first, Accepted)
    assert isinstance(second, InvalidInput)
    (message,) = await store.messages(thread().conversation_id)
    assert [one.id for one in message.attachments] == ["f1"]


async def test_a_message_reopens_a_resolved_conversation(store: Store) -> None:
    await accept(store, said("e1"))
    await finish(store, await claim_one(store))
    await change_owner(store, thread().conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    resolved = await change_owner(store, thread().conversation_id, Transition(OwnershipEvent.RESOLVE, owner="grace"))
    (accepted,) = await accept(store, said("e2", "One more thing"))
    assert accepted.state == OwnershipState.BOT
    reopened = await store.conversation(accepted.conversation_id)
    assert reopened is not None
    assert reopened.state == OwnershipState.BOT
    assert reopened.owner is None
    assert reopened.ownership_epoch == resolved.ownership_epoch + 1
    assert reopened.epoch > resolved.epoch
    state = await claim_one(store)
    assert [message.text for message in state.pending] == ["One more thing"]


@BOTH_DATABASES
async def test_several_messages_reopen_it_once(store: Store) -> None:
    await accept(store, said("e1"))
    await finish(store, await claim_one(store))
    resolved = await change_owner(store, thread().conversation_id, Transition(OwnershipEvent.RESOLVE))
    await accept(store, said("e2"), said("e3"))
    reopened = await store.conversation(thread().conversation_id)
    assert reopened is not None
    assert reopened.ownership_epoch == resolved.ownership_epoch + 1


async def test_staff_know_what_files_a_changed_message_has(store: Store) -> None:
    await store.add_attachment(thread().conversation_id, file("f1"))
    await accept(store, said("e1", "", stored_attachments=("f1",)))
    assert await finish(store, await claim_one(store), event=OwnershipEvent.ESCALATE)
    await accept(store, edited("e2", "e1", "My plan"))
    (change,) = (await claim_one(store)).changes
    assert [one.name for one in change.message.attachments] == ["plan.pdf"]
