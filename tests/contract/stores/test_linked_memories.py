"""What identities of one person know of each other while they are linked, on both databases: the newest, and not longer."""

from __future__ import annotations

from dataclasses import replace

from core.domain.customer import Identity
from core.ports.memories import Learned
from core.ports.outcomes import LinkIdentity, UnlinkIdentity
from core.ports.store import TurnState
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_memories import REST, fact, holder, parts, tell


async def linked(store: SqlStore) -> tuple[TurnState, TurnState]:
    """One person's page and telephone."""
    phone = Identity("sms", "AC1", "+4930123456")
    page = await tell(store, "e1", "My name is Alice")
    text = await tell(store, "e2", "Hello", where="s1", who=phone)
    await store.decide([], [LinkIdentity(page.conversation.id, page.customer.id, phone, "")])
    return page, text


async def test_a_correction_replaces_what_a_linked_identity_said(store: SqlStore, clock: ManualClock) -> None:
    page, text = await linked(store)
    for state, name in ((page, "Alice"), (text, "Alicia"), (page, "Ali")):
        clock.move(1)
        now = replace(fact(state.pending[0], name), said_at=clock.now())
        await store.keep_fact(holder(state), now)
        assert [one.text for one in await store.facts_of(holder(page))] == [name]
    again = await tell(store, "e3")
    assert [one.text for one in again.customer.facts] == ["Ali"]


async def test_a_link_that_ends_takes_along_what_was_summed_up_of_the_other(
    store: SqlStore, clock: ManualClock
) -> None:
    page, text = await linked(store)
    other = await tell(store, "e3", where="t9")
    clock.move(REST + 1)
    for part in await parts(store):
        assert await store.keep_learned(part, Learned(summary="Alice lives in Porto."))
    await tell(store, "e4", "Where do I live?")
    clock.move(REST + 1)
    (unread,) = await parts(store)
    await store.decide([], [UnlinkIdentity(page.customer.id, "customer")])
    assert not await store.keep_learned(unread, Learned(summary="They live in Porto."))
    assert await parts(store) == [], "what was said of the other meanwhile is not summed up later either"
    for state, where in ((page, "t1"), (text, "s1")):
        who = Identity("sms", "AC1", "+4930123456") if state is text else None
        assert (await tell(store, f"x{where}", where=where, who=who)).conversation.summary is None
    assert (await tell(store, "e5", where="t9")).conversation.summary is not None
    assert other.customer.id not in (page.customer.id, text.customer.id)


async def test_a_sender_that_can_be_forged_makes_no_linked_identity_forget(store: SqlStore, clock: ManualClock) -> None:
    page, text = await linked(store)
    for state in (page, text):
        now = replace(
            fact(state.pending[0], f"said by {state.customer.id}"), said_at=clock.now(), subject=state.customer.id
        )
        await store.keep_fact(holder(state), now)
    assert await store.forget_facts(holder(text), None, clock.now()) == 1
    assert [one.text for one in await store.facts_of(holder(page))] == [f"said by {page.customer.id}"]
    await store.keep_fact(holder(text), replace(fact(text.pending[0], "again"), said_at=clock.now(), subject="s"))
    assert await store.forget_facts(holder(page), None, clock.now()) == 2
