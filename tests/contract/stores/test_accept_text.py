"""Text that a database refuses must not cost anybody a message: not its writer, and not who shares the commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.errors import InvalidInput
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import AttachmentRef
from core.ports.channel import Accepted
from core.ports.store import Store
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import accept, answer, claim_one, customer, edited, finish, item, said, thread

pytestmark = BOTH_DATABASES

HOSTILE = ["a\x00b", "half a pair: \ud83d", "\udc00\ud800", "\x00", "\ufffe\uffff", "👩‍👩‍👧‍👦 ﷽ \u202e"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_any_text_is_accepted_and_can_be_read(store: Store, text: str) -> None:
    (accepted,) = await accept(store, said("e1", text))
    await accept(store, edited("e2", "e1", text + "!"))
    (message,) = await store.messages(accepted.conversation_id)
    assert message.text.endswith("!")
    message.text.encode()
    assert "\x00" not in message.text


@pytest.mark.parametrize("text", HOSTILE)
async def test_any_name_is_accepted(store: Store, text: str) -> None:
    who = customer("ada", display_name=text, email=text, verified=True, locale=text)
    refs = (AttachmentRef(id=text, name=text, url=text),)
    await accept(store, said("e1", who=who, reply_to=text, locale=text, attachments=refs))
    state = await claim_one(store)
    (state.customer.display_name or "").encode()
    assert await finish(store, state, answer(text, author_name=text, meta={"note": text}))


async def test_an_endless_locale_is_cut_and_not_refused(store: Store) -> None:
    results = await store.accept([item(said("e1", locale="x" * 1000)), item(said("x1", where="t2"))])
    assert all(isinstance(result, Accepted) for result in results)


@pytest.mark.parametrize("broken", ["a\x00b", "\ud83d"])
async def test_a_key_that_cannot_be_stored_is_refused_alone(store: Store, broken: str) -> None:
    """Ids must survive unchanged: an answer to a mended id would go nowhere, or to somebody else."""
    bad_thread = replace(said("e1"), conversation=ConversationKey("web", "main", broken))
    bad_sender = said("e2", who=customer(broken))
    refused, also, accepted = await store.accept([item(bad_thread), item(bad_sender), item(said("x1", where="t2"))])
    assert isinstance(refused, InvalidInput)
    assert isinstance(also, InvalidInput)
    assert isinstance(accepted, Accepted)


@pytest.mark.parametrize("broken", ["a\x00b", "\ud83d", "a:b/%2F", ""])
async def test_any_event_id_is_recognised_again(store: Store, broken: str) -> None:
    event = replace(said("e1"), key=EventKey("web", "main", broken))
    (first,) = await accept(store, event, in_log=True)
    (again,) = await accept(store, event, in_log=True)
    assert again.duplicate
    assert again.message_id == first.message_id
    assert again.cursor == first.cursor


async def test_a_long_text_survives(store: Store) -> None:
    text = "ü" * 1_000_000
    (accepted,) = await accept(store, said("e1", text))
    (message,) = await store.messages(accepted.conversation_id)
    assert message.text == text
    assert thread().conversation_id == accepted.conversation_id
