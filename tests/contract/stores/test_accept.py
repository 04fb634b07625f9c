"""Accepting: one commit, one place for each message, the same answer to a repetition."""

from __future__ import annotations

import pytest

from core.domain.errors import InvalidInput, SessionEnded
from core.domain.messages import Author, CustomerAction, RawEvent
from core.ports.channel import Accepted
from core.ports.store import Store
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import accept, change_owner, customer, edited, item, said, thread

pytestmark = BOTH_DATABASES


async def test_messages_get_their_places_in_the_order_of_the_batch(store: Store) -> None:
    accepted = await accept(store, said("e1"), said("x1", where="t2"), said("e2"), said("e3"), in_log=True)
    assert [one.seq for one in accepted] == [1, 1, 2, 3]
    assert [one.cursor for one in accepted] == [1, 1, 2, 3]
    assert not any(one.duplicate for one in accepted)
    assert {one.state for one in accepted} == {"bot"}
    (later,) = await accept(store, said("e4"), in_log=True)
    assert (later.seq, later.cursor) == (4, 4)


async def test_only_channels_with_a_log_get_cursors(store: Store) -> None:
    (accepted,) = await accept(store, said("e1"))
    assert accepted.cursor is None
    assert await store.head(accepted.conversation_id) == 0


async def test_everything_that_was_said_is_kept(store: Store) -> None:
    raw = RawEvent("web", "main", b'{"text": "x"}')
    event = said("e1", "  spaces\nand lines  ", action=CustomerAction.REQUEST_PERSON, reply_to="m0", locale="pt-BR")
    (accepted,) = await store.accept([item(event, raw=raw, correlation="c0ffee")])
    assert isinstance(accepted, Accepted)
    (message,) = await store.messages(accepted.conversation_id)
    assert message.text == "  spaces\nand lines  "
    assert message.author == Author.CUSTOMER
    assert message.action == CustomerAction.REQUEST_PERSON
    assert message.meta["reply_to"] == "m0"
    assert message.meta["correlation_id"] == "c0ffee"
    conversation = await store.conversation(accepted.conversation_id)
    assert conversation is not None
    assert conversation.locale == "pt-BR"
    assert conversation.key == thread()


async def test_a_repetition_gets_the_same_answer_and_is_stored_once(store: Store) -> None:
    (first,) = await accept(store, said("e1", "Hello"), in_log=True)
    (again,) = await accept(store, said("e1", "Hello"), in_log=True)
    assert again.duplicate
    assert (again.message_id, again.seq, again.cursor) == (first.message_id, first.seq, first.cursor)
    assert len(await store.messages(first.conversation_id)) == 1
    assert await store.head(first.conversation_id) == 1


async def test_a_repetition_in_the_same_batch(store: Store) -> None:
    first, again, other = await accept(store, said("e1"), said("e1"), said("e2"), in_log=True)
    assert [first.duplicate, again.duplicate, other.duplicate] == [False, True, False]
    assert (again.message_id, again.cursor) == (first.message_id, first.cursor)
    assert other.seq == 2


async def test_a_repetition_tells_the_present_state(store: Store) -> None:
    (first,) = await accept(store, said("e1"))
    assert first.state == "bot"
    from core.domain.conversation import OwnershipEvent
    from core.ports.store import Transition

    await change_owner(store, first.conversation_id, Transition(OwnershipEvent.ESCALATE))
    (again,) = await accept(store, said("e1"))
    assert again.state == "queued"


async def test_the_same_id_on_another_channel_is_another_event(store: Store) -> None:
    from dataclasses import replace

    from core.domain.keys import EventKey

    first = said("e1")
    other = replace(said("e1"), key=EventKey("slack", "main", "e1"))
    accepted = await accept(store, first, other)
    assert not any(one.duplicate for one in accepted)


async def test_an_ended_conversation_refuses_but_its_neighbours_are_stored(store: Store) -> None:
    await accept(store, said("e1"))
    await store.end_conversation(thread(), customer())
    refused, accepted = await store.accept([item(said("e2")), item(said("x1", where="t2"))])
    assert isinstance(refused, SessionEnded)
    assert isinstance(accepted, Accepted)
    (again,) = await accept(store, said("e1"))
    assert again.duplicate, "a repetition of what was accepted before the end is still answered"
    assert len(await store.messages(thread().conversation_id)) == 1


async def test_a_conversation_can_end_before_its_first_message(store: Store) -> None:
    await store.end_conversation(thread(), customer())
    (refused,) = await store.accept([item(said("e1"))])
    assert isinstance(refused, SessionEnded)
    conversation = await store.conversation(thread().conversation_id)
    assert conversation is not None
    assert conversation.ended_at is not None


async def test_a_refused_item_stores_nothing(store: Store) -> None:
    (refused,) = await store.accept([item(said("e1", stored_attachments=("nowhere",)))])
    assert isinstance(refused, InvalidInput)
    assert await store.messages(thread().conversation_id) == []
    (accepted,) = await accept(store, said("e1"))
    assert not accepted.duplicate
    assert accepted.seq == 1


async def test_an_edit_without_its_message_is_refused(store: Store) -> None:
    (refused,) = await store.accept([item(edited("e2", "e1", "new"))])
    assert isinstance(refused, InvalidInput)
    assert await store.conversation(thread().conversation_id) is None


async def test_customers_of_one_identity_share_a_record(store: Store) -> None:
    first, second = await accept(
        store,
        said("e1", where="t1", who=customer("ada", display_name="Ada", verified=True, email="ada@example.com")),
        said("e2", where="t2", who=customer("ada", verified=True)),
    )
    one, two = await store.customer(first.conversation_id), await store.customer(second.conversation_id)
    assert one is not None
    assert one == two
    assert (one.display_name, one.contact.email, one.verified) == ("Ada", "ada@example.com", True)


@pytest.mark.parametrize("first", [None, "A."])
async def test_a_name_is_learnt_from_a_later_message_and_kept(store: Store, first: str | None) -> None:
    for number, name in enumerate((first, "Ada", None, "")):
        await accept(store, said(f"e{number}", who=customer("ada", display_name=name, verified=True)))
    (state,) = await store.claim(10, 5.0, history=10)
    assert state.customer.display_name == "Ada"
    assert [message.author_name for message in state.pending] == [first, "Ada", "Ada", "Ada"]


async def test_names_of_one_batch_are_learnt_in_order_and_another_author_keeps_theirs(store: Store) -> None:
    await accept(store, said("e0", who=customer("ada")))
    await accept(
        store,
        said("e1", who=customer("ada", display_name="Ada")),
        said("e2", who=customer("bob", display_name="Bob"), shared=True),
        said("e3", who=customer("ada", display_name="Ada L.")),
        said("e4", who=customer("ada")),
    )
    person = await store.customer(thread().conversation_id)
    assert person is not None
    assert person.display_name == "Ada L."
    said_by = [message.author_name for message in await store.messages(thread().conversation_id)]
    assert said_by == [None, "Ada", "Bob", "Ada L.", "Ada L."]


async def test_an_unverified_address_is_not_taken_for_a_contact(store: Store) -> None:
    (accepted,) = await accept(store, said("e1", who=customer("eve", email="ada@example.com")))
    person = await store.customer(accepted.conversation_id)
    assert person is not None
    assert person.contact.email is None


@pytest.mark.parametrize("known_first", [True, False])
async def test_who_is_not_verified_never_becomes_a_known_customer(store: Store, known_first: bool) -> None:
    known = said("e1", where="t1", who=customer("ada", display_name="Ada", verified=True))
    claims_to_be = said("e2", where="t2", who=customer("ada", verified=False))
    batches = [known, claims_to_be] if known_first else [claims_to_be, known]
    for event in batches:
        await accept(store, event)
    real = await store.customer(thread("t1").conversation_id)
    other = await store.customer(thread("t2").conversation_id)
    assert real is not None
    assert other is not None
    assert real.id != other.id
    assert real.verified
    assert not other.verified
    assert other.display_name is None
    states = {state.conversation.key.thread: state.customer for state in await store.claim(10, 5.0, history=10)}
    assert states == {"t1": real, "t2": other}


async def test_a_verified_customers_history_holds_no_message_of_an_unverified_namesake(store: Store) -> None:
    await accept(store, said("e1", "mine", where="t1", who=customer("ada", verified=True)))
    await accept(store, said("e2", "forged", where="t2", who=customer("ada", verified=False)))
    history = await store.customer_messages("web", "main", "ada", 10)
    assert [message.text for message in history] == ["mine"]


async def test_the_sender_may_be_known_under_another_account_than_the_thread(store: Store) -> None:
    from dataclasses import replace

    from core.domain.customer import Identity

    event = replace(said("e1"), sender=Identity("web", "team", "ada", display_name="Ada"))
    await accept(store, event)
    (state,) = await store.claim(10, 5.0, history=10)
    assert state.customer.display_name == "Ada"
