"""Timers of cases: set and cleared with what causes them, due for one process at a time, finished under a fence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import update

from core.domain.case import Case, feed
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.messages import Author
from core.domain.timers import TimerKind
from core.ports.outcomes import (
    CaseRecord,
    ClearTimers,
    CloseCase,
    CrossConversationWrite,
    Finished,
    OpenCase,
    SetTimer,
    Transition,
)
from core.ports.store import TurnState
from core.ports.timers import DueTimer, TimerDecision
from core.storage.desk_tables import desk_timer
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, answer, change_owner, claim_one, outcome, said

pytestmark = BOTH_DATABASES

UNCLAIMED, SILENT, SNOOZED = TimerKind.UNCLAIMED, TimerKind.OWNER_SILENT, TimerKind.SNOOZED


async def escalated(store: SqlStore, clock: ManualClock, *records: CaseRecord, where: str = "t1") -> TurnState:
    """A customer who waits; ``records`` come with the case, which is the conversation's first."""
    await accept(store, said(f"first of {where}", where=where))
    state = await claim_one(store)
    home = state.conversation.id
    case = Case(Case.named(home, 1), home, 1, "wants a refund", "customer", "normal", clock.now())
    told = CrossConversationWrite(feed("main", case.id), (answer("The card", author=Author.SYSTEM),))
    change = Transition(OwnershipEvent.ESCALATE, escalation=Escalation("wants a refund"))
    ended = replace(outcome(state, cross_writes=(told,), cases=(OpenCase(case), *records)), transition=change)
    finished = await store.finish([ended])
    assert finished == [Finished(held=True)]
    return state


def case_id(where: str = "t1") -> str:
    """Of the first case of a conversation."""
    return Case.named(said("any", where=where).conversation.conversation_id, 1)


async def record(store: SqlStore, *records: CaseRecord, where: str = "t1", event: str) -> None:
    """A later turn of the customer's conversation that only does this."""
    await accept(store, said(event, where=where))
    assert await store.finish([outcome(await claim_one(store), cases=records)]) == [Finished(held=True)]


async def kinds(store: SqlStore) -> list[TimerKind]:
    """What is set."""
    return [timer.kind for timer in await store.timers(case_id())]


async def due(store: SqlStore) -> Sequence[DueTimer]:
    """What this process is to do now."""
    return await store.due_timers(10, LEASE)


async def test_a_timer_comes_due_after_its_time_and_not_before(store: SqlStore, clock: ManualClock) -> None:
    await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 600.0, stage=1, detail="who"))
    clock.move(599)
    assert not await due(store)
    clock.move(2)
    (found,) = await due(store)
    timer = found.timer
    assert (timer.case_id, timer.kind, timer.stage, timer.detail) == (case_id(), UNCLAIMED, 1, "who")
    assert timer.conversation_id == said("any").conversation.conversation_id
    assert (clock.now() - timer.set_at).total_seconds() == pytest.approx(601)


async def test_a_timer_that_is_finished_is_gone_or_set_again(store: SqlStore, clock: ManualClock) -> None:
    await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 1.0))
    clock.move(1)
    (found,) = await due(store)
    again = SetTimer(case_id(), UNCLAIMED, 10.0, stage=1)
    post = CrossConversationWrite(feed("main", case_id()), (answer("Nobody?", author=Author.SYSTEM),))
    assert await store.finish_timer(found, TimerDecision((post,), (again,))) == Finished(held=True)
    told = await store.messages(feed("main", case_id()).conversation_id)
    assert [message.text for message in told] == ["The card", "Nobody?"]
    assert await store.finish_timer(found, TimerDecision((post,))) == Finished(held=False), "once"
    clock.move(10)
    (found,) = await due(store)
    assert found.timer.stage == 1
    assert await store.finish_timer(found, TimerDecision()) == Finished(held=True)
    assert await kinds(store) == []


async def test_one_process_has_it_and_another_only_after_a_lease(open_store: OpenStore, clock: ManualClock) -> None:
    first, second = await open_store(), await open_store()
    await escalated(first, clock, SetTimer(case_id(), UNCLAIMED, 1.0))
    clock.move(1)
    (slow,) = await due(first)
    assert not await due(second)
    clock.move(LEASE)
    (fast,) = await due(second)
    post = CrossConversationWrite(feed("main", case_id()), (answer("Nobody?", author=Author.SYSTEM),))
    assert await first.finish_timer(slow, TimerDecision((post,))) == Finished(held=False), "the dead one wakes up"
    assert await second.finish_timer(fast, TimerDecision((post,))) == Finished(held=True)
    assert len(await first.messages(feed("main", case_id()).conversation_id)) == 2


async def test_one_that_fails_every_time_comes_back_less_often(store: SqlStore, clock: ManualClock) -> None:
    await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 0.0))
    assert len(await due(store)) == 1
    clock.move(LEASE)
    assert len(await due(store)) == 1
    clock.move(LEASE)
    assert not await due(store)
    clock.move(LEASE)
    assert len(await due(store)) == 1


async def test_a_kind_of_a_later_version_holds_up_nothing(store: SqlStore, clock: ManualClock) -> None:
    await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 0.0), SetTimer(case_id(), SNOOZED, 0.0))
    rename = update(desk_timer).where(desk_timer.c.kind == SNOOZED).values(kind="of_tomorrow")
    await store.database.write(lambda connection: connection.execute(rename))
    assert [found.timer.kind for found in await due(store)] == [UNCLAIMED]
    assert await kinds(store) == [UNCLAIMED]


async def test_many_processes_share_what_is_due(open_store: OpenStore, clock: ManualClock) -> None:
    stores = [await open_store() for _ in range(3)]
    for number in range(12):
        where = f"t{number}"
        await escalated(stores[0], clock, SetTimer(case_id(where), UNCLAIMED, 0.0), where=where)
    batches = await asyncio.gather(*(store.due_timers(5, LEASE) for store in stores * 2))
    found = [one.timer.case_id for batch in batches for one in batch]
    assert len(found) == len(set(found))
    left = await stores[0].due_timers(20, LEASE)
    assert len(found) + len(left) == 12


async def test_clearing_and_closing(store: SqlStore, clock: ManualClock) -> None:
    timers = [SetTimer(case_id(), kind, 5.0) for kind in TimerKind]
    await escalated(store, clock, *timers)
    assert set(await kinds(store)) == set(TimerKind)
    await record(store, ClearTimers(case_id(), (UNCLAIMED, SILENT)), event="e2")
    assert UNCLAIMED not in await kinds(store)
    assert SNOOZED in await kinds(store)
    await record(store, CloseCase(case_id()), event="e3")
    assert await kinds(store) == [TimerKind.FOLLOW_UP], "what was said last is no less for a customer who has left"


async def test_what_is_kept_is_not_put_off_and_what_is_set_anew_is(store: SqlStore, clock: ManualClock) -> None:
    await escalated(store, clock, SetTimer(case_id(), SILENT, 10.0), SetTimer(case_id(), UNCLAIMED, 10.0))
    clock.move(9)
    later = (SetTimer(case_id(), SILENT, 10.0, keep=True), SetTimer(case_id(), UNCLAIMED, 10.0))
    await record(store, *later, event="e2")
    clock.move(1)
    assert [found.timer.kind for found in await due(store)] == [SILENT]


async def test_one_that_was_cleared_or_set_anew_while_it_was_due_does_nothing(
    store: SqlStore, clock: ManualClock
) -> None:
    await escalated(store, clock, SetTimer(case_id(), SILENT, 0.0), SetTimer(case_id(), UNCLAIMED, 0.0))
    found = await due(store)
    assert len(found) == 2
    anew = (ClearTimers(case_id(), (SILENT,)), SetTimer(case_id(), UNCLAIMED, 60.0))
    await record(store, *anew, event="e2")
    post = CrossConversationWrite(feed("main", case_id()), (answer("Nobody?", author=Author.SYSTEM),))
    assert [await store.finish_timer(one, TimerDecision((post,))) for one in found] == [Finished(held=False)] * 2
    assert len(await store.messages(feed("main", case_id()).conversation_id)) == 1
    assert await kinds(store) == [UNCLAIMED]


async def test_it_says_nothing_in_a_conversation_that_changed_hands(store: SqlStore, clock: ManualClock) -> None:
    state = await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 0.0))
    (found,) = await due(store)
    before = await store.conversation(state.conversation.id)
    assert before is not None
    await change_owner(store, before.id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    late = CrossConversationWrite(
        before.key, (answer("It takes longer", author=Author.SYSTEM),), ownership_epoch=before.ownership_epoch
    )
    assert await store.finish_timer(found, TimerDecision((late,))) == Finished(held=True, pending=True, outdated=True)
    assert [message.text for message in await store.messages(before.id)] == ["Hello"]
    (again,) = await due(store)
    assert (again.timer.case_id, again.timer.kind) == (case_id(), UNCLAIMED), "to be decided anew, at once"


async def test_a_timer_can_change_hands_itself(store: SqlStore, clock: ManualClock) -> None:
    state = await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 0.0))
    (found,) = await due(store)
    now = await store.conversation(state.conversation.id)
    assert now is not None
    change = CrossConversationWrite(
        now.key, (), Transition(OwnershipEvent.HAND_BACK), ownership_epoch=now.ownership_epoch
    )
    assert await store.finish_timer(found, TimerDecision((change,), (CloseCase(case_id()),))) == Finished(held=True)
    after = await store.conversation(now.id)
    assert after is not None
    assert (after.state, after.ownership_epoch) == (OwnershipState.BOT, now.ownership_epoch + 1)


async def test_a_message_of_a_timer_leaves_what_is_pending_pending(store: SqlStore, clock: ManualClock) -> None:
    state = await escalated(store, clock, SetTimer(case_id(), UNCLAIMED, 0.0))
    await accept(store, said("e2", "Still there?"))
    (found,) = await due(store)
    now = await store.conversation(state.conversation.id)
    assert now is not None
    late = CrossConversationWrite(
        now.key, (answer("It takes longer", author=Author.SYSTEM),), ownership_epoch=now.ownership_epoch
    )
    assert await store.finish_timer(found, TimerDecision((late,))) == Finished(held=True)
    assert [message.text for message in (await claim_one(store)).pending] == ["Still there?"]
