"""A number is a person's, not a conversation's: what comes from it answers us for a while, if its owner does not write to us."""

from __future__ import annotations

from dataclasses import replace

from core.ports.store import TurnOutcome
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answer, claim_one
from tests.contract.stores.test_follow_ups import NUMBER, by_route, left, phone_route, ring, takes


async def test_a_number_with_a_conversation_of_its_own_keeps_it(store: SqlStore, clock: ManualClock) -> None:
    """Whoever types somebody else's number reads nothing of theirs, and nothing is to be sent there."""
    theirs = by_route("SM0", "My parcel is late", phone_route(), thread=f"+15550142/{NUMBER}")
    assert not await store.is_at_home(phone_route())
    (own,) = await takes(store, theirs)
    state = await claim_one(store)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq)])
    assert await store.is_at_home(phone_route())
    assert not await store.is_at_home(replace(phone_route(), address="+15550101"))
    home, _ = await left(store, clock, phone=True)
    await ring(store, clock, home, phone_route())
    (later,) = await takes(store, by_route("SM1", "My card", phone_route(), thread=f"+15550142/{NUMBER}"))
    assert later.conversation_id == own.conversation_id != home
    (elsewhere,) = await takes(store, by_route("SM2", "My card", phone_route()))
    assert elsewhere.conversation_id != home


@BOTH_DATABASES
async def test_an_answer_from_a_number_comes_within_days_of_what_went_there(
    store: SqlStore, clock: ManualClock
) -> None:
    day = 86_400.0
    home, _ = await left(store, clock, phone=True)
    await ring(store, clock, home, phone_route())
    clock.move(2.9 * day)
    (first,) = await takes(store, by_route("SM1", "Thanks", phone_route()))
    assert first.conversation_id == home
    state = await claim_one(store)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, (answer("By SMS too"),))])
    clock.move(2.9 * day)
    (second,) = await takes(store, by_route("SM2", "And when?", phone_route()))
    assert second.conversation_id == home, "something went there again"
    clock.move(0.2 * day)
    (late,) = await takes(store, by_route("SM3", "My code is 1234", phone_route()))
    assert late.conversation_id != home


async def test_how_long_an_answer_from_a_number_counts_can_be_set(
    database_url: str, store: SqlStore, clock: ManualClock
) -> None:
    home, _ = await left(store, clock, phone=True)
    await ring(store, clock, home, phone_route())
    clock.move(7_000)
    shorter = SqlStore(database_url, clock, server_clock=False, answers_within=3_600.0)
    await shorter.open()
    (late,) = await takes(shorter, by_route("SM1", "Thanks", phone_route()))
    await shorter.close()
    assert late.conversation_id != home
