"""Where others write too, an erased customer takes nothing of theirs along, and leaves nothing of their own behind."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from core.domain.case import Case, feed
from core.domain.customer import Identity
from core.domain.gaps import Leader
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Author, ReactionChanged
from core.ports.store import CrossConversationWrite, OpenCase
from core.storage.store import SqlStore
from core.storage.tables import conversation
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import LEASE, SENT_AT, accept, answer, claim_one, file, finish, outcome
from tests.contract.stores.test_gaps import unanswered
from tests.contract.stores.test_personal import MARK, OTHER, PHONE, erase, everything, where_found, wrote

pytestmark = BOTH_DATABASES

_GROUP = "group"


async def test_an_answer_that_waits_for_another_is_still_sent(store: SqlStore) -> None:
    await accept(store, wrote(PHONE, "g1", f"{MARK} here", where=_GROUP))
    await finish(store, await claim_one(store), answer(f"Hello {MARK}"))
    await accept(store, wrote(OTHER, "g2", "And Bob", where=_GROUP))
    state = await claim_one(store)
    await store.finish([replace(outcome(state, answer("Hello Bob")), customer_id=state.customer.id)])
    await erase(store)
    due = await store.claim_deliveries("sms", "AC1", 10, LEASE)
    assert [one.message.text for one in due] == ["Hello Bob"]


async def test_a_file_of_another_that_staff_were_shown_stays_on_the_disk(store: SqlStore) -> None:
    await accept(store, wrote(OTHER, "g1", "Look", where=_GROUP))
    state = await claim_one(store)
    home = state.conversation.id
    bobs, hers = file("bobs", storage_key="ab/bob"), file("hers", name=MARK, storage_key="ab/alice")
    await store.attach(home, state.pending[0].id, bobs)
    await finish(store, state, answer("Thanks"))
    await accept(store, wrote(PHONE, "s1"))
    state = await claim_one(store)
    await store.attach(state.conversation.id, state.pending[0].id, hers)
    case = Case(Case.named(state.conversation.id, 1), state.conversation.id, 1, MARK, "customer", "normal", SENT_AT)
    card = answer("Their files", author=Author.SYSTEM, attachments=(bobs, hers))
    told = outcome(
        state,
        answer("One moment"),
        cross_writes=(CrossConversationWrite(feed("main", case.id), (card,)),),
        cases=(OpenCase(case),),
    )
    await store.finish([told])
    await erase(store)
    stale = {one.storage_key for _, one in await store.stale_attachments(-60.0, 10)}
    assert stale == {"ab/alice"}
    assert await store.attachment("bobs") is not None
    await erase(store, OTHER.external_id)
    assert {one.storage_key for _, one in await store.stale_attachments(-60.0, 10)} == {"ab/alice", "ab/bob"}


async def unanswered_question(store: SqlStore, who: Identity, event: str) -> str:
    """In a conversation of their own; the id of its message."""
    await accept(store, wrote(who, event, f"What is {who.display_name}?"))
    state = await claim_one(store)
    asked = state.pending[-1]
    reply = replace(answer("I don't know."), meta={"in_reply_to": asked.id, "handled_seq": asked.seq})
    (finished,) = await store.finish([outcome(state, reply, gaps=(unanswered(asked.id, asked.text),))])
    assert finished.held
    return asked.id


async def test_a_question_that_was_read_before_it_was_erased_does_not_come_back(store: SqlStore) -> None:
    hers, bobs = await unanswered_question(store, PHONE, "s1"), await unanswered_question(store, OTHER, "s2")
    assert len(await store.unsorted_gaps(10)) == 2
    await erase(store)
    places, leader = {hers: hers, bobs: hers}, Leader(hers, f"What is {MARK}?")
    assert not await store.sort_gaps(places, [leader], [])
    assert not await store.close_gaps(leader, [hers, bobs], "")
    assert await where_found(store) == set()
    assert [one.message_id for one in await store.unsorted_gaps(10)] == [bobs]
    assert await store.sort_gaps({bobs: bobs}, [Leader(bobs, "What is Bob?")], [])


async def test_a_cluster_whose_first_question_was_erased_can_still_be_closed(store: SqlStore) -> None:
    hers, bobs = await unanswered_question(store, PHONE, "s1"), await unanswered_question(store, OTHER, "s2")
    leader = Leader(hers, f"What is {MARK}?")
    assert await store.sort_gaps({hers: hers, bobs: hers}, [leader], [])
    await erase(store)
    assert await store.close_gaps(leader, [bobs], "See the page")
    assert await where_found(store) == set()
    assert [one.answer for one in await store.gap_leaders()] == ["See the page"]


async def test_what_is_kept_of_a_group_is_only_the_others(store: SqlStore) -> None:
    """The summary, the reason, the last failure, reactions to others, and what the channel notes of the thread."""
    await accept(store, wrote(OTHER, "g1", "Bob begins", where=_GROUP))
    await finish(store, await claim_one(store), answer("Hello Bob"))
    await accept(store, wrote(PHONE, "g2", f"{MARK} joins", where=_GROUP))
    await finish(store, await claim_one(store), answer("Hello both"))
    key = ConversationKey("sms", "AC1", _GROUP)
    heart = ReactionChanged(EventKey("sms", "AC1", "r1"), key, EventKey("sms", "AC1", "g1"), PHONE, "❤️", True, SENT_AT)
    await accept(store, heart, replace(heart, key=EventKey("sms", "AC1", "r2"), sender=OTHER))
    hers = {"summary": f"About {MARK}", "escalation_reason": f"{MARK} asked", "last_error": f"read {MARK}"}
    await store.database.write(lambda connection: connection.execute(update(conversation).values(hers)) and None)
    await store.remember("sms", "AC1", f"thread/{_GROUP}", f"{PHONE.external_id} {OTHER.external_id}")
    found = {"reaction.external_id", "channel_memory.value", *(f"conversation.{name}" for name in hers)}
    assert found <= await where_found(store)
    await erase(store)
    assert await where_found(store) == set()
    assert [one["external_id"] for one in (await everything(store))["reaction"]] == [OTHER.external_id]
    assert await store.recall("sms", "AC1", f"thread/{_GROUP}") == OTHER.external_id


async def test_an_erased_conversation_is_not_remembered_ever_again(store: SqlStore) -> None:
    await accept(store, wrote(PHONE, "s1"))
    await finish(store, await claim_one(store), answer(f"Hello {MARK}"))
    await erase(store)
    assert await store.unremembered(-60.0, after=None, limit=10) == []
    await accept(store, wrote(PHONE, "s2", "Somebody new"))
    await finish(store, await claim_one(store), answer("Hello"))
    (part,) = await store.unremembered(-60.0, after=None, limit=10)
    assert [one.text for one in part.messages] == ["Somebody new"]
