"""What staff or customers changed or took back is neither summed up nor found again, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.domain.alterations import CORRECTS, WITHDRAWS, Alteration, Altering
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author
from core.ports.memories import Learned
from core.ports.store import CrossConversationWrite, Settlement, TurnState
from core.storage.store import SqlStore
from core.storage.tables import message
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, LEASE, accept, answer, edited, thread
from tests.contract.stores.test_memories import ALICE, REST, holder, parts, tell

WRONG, RIGHT = "Bob lives at 1 Main Street", "We cannot say where others live"


async def deliver(store: SqlStore, status: DeliveryStatus = DeliveryStatus.SENT) -> None:
    """Whatever waits to be sent is, or ends otherwise."""
    while due := await store.claim_deliveries(CHANNEL, ACCOUNT, 50, LEASE):
        await store.settle([Settlement(one.id, one.token, status) for one in due])


async def staff_say(store: SqlStore, text: str, *, sent: bool = True, **fields: object) -> str:
    """As a staff turn does, in the customer's conversation. The message's id."""
    written = answer(text, author=Author.STAFF, **fields)
    assert await store.decide([CrossConversationWrite(thread("t1"), (written,))], ())
    if sent:
        await deliver(store)
    newest = select(message.c.id).order_by(message.c.seq.desc()).limit(1)
    return str(await store.database.read(lambda connection: connection.scalar(newest)))


async def staff_change(store: SqlStore, target: str, text: str = "", *, sent: bool = True) -> None:
    """With a text it takes the place of the message's; without one the message is deleted."""
    done = Alteration(Altering.EDIT if text else Altering.DELETE, ("p1",), message_id=target)
    await staff_say(store, text, meta=done.meta(), sent=sent)


async def told(store: SqlStore, state: TurnState) -> list[str]:
    return [one.text for one in await store.history_of(holder(state), 50)]


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("text", [RIGHT, ""])
async def test_what_staff_changed_is_not_read_as_it_was(
    store: SqlStore, clock: ManualClock, text: str, sent: bool
) -> None:
    state = await tell(store, "e1", "Where do I get it?", who=ALICE)
    target = await staff_say(store, WRONG)
    reaction = Alteration(Altering.REACT, ("p1",), emoji="+1")
    await staff_say(store, "", meta=reaction.meta())
    assert WRONG in await told(store, state)
    await staff_change(store, target, text, sent=sent)
    clock.move(REST + 1)
    (part,) = await parts(store)
    read = [one.text for one in part.messages if one.author is Author.STAFF]
    assert read == [one for one in await told(store, state) if one in (WRONG, RIGHT)] == [RIGHT] * (sent and bool(text))
    assert "" not in await told(store, state)


@BOTH_DATABASES
async def test_a_change_that_did_not_come_is_told_no_more_than_what_it_changes(
    store: SqlStore, clock: ManualClock
) -> None:
    state = await tell(store, "e1", who=ALICE)
    target = await staff_say(store, WRONG)
    await staff_change(store, target, RIGHT, sent=False)
    await deliver(store, DeliveryStatus.DEAD)
    assert {WRONG, RIGHT}.isdisjoint(await told(store, state))


@pytest.mark.parametrize("withdraws", [True, False])
async def test_where_a_copy_cannot_be_changed_its_correction_counts(
    store: SqlStore, clock: ManualClock, withdraws: bool
) -> None:
    state = await tell(store, "e1", who=ALICE)
    target = await staff_say(store, WRONG)
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert await store.keep_learned(part, Learned(summary=WRONG))
    await staff_say(store, f"Correction: {WRONG}!", meta={CORRECTS: target, WITHDRAWS: False})
    await staff_say(store, f"Correction: {RIGHT}", meta={CORRECTS: target, WITHDRAWS: withdraws})
    clock.move(REST + 1)
    (again,) = await parts(store)
    assert again.summary is None
    read = [one.text for one in again.messages if one.author is Author.STAFF]
    left = [] if withdraws else [f"Correction: {RIGHT}"]
    assert read == [one for one in await told(store, state) if one.startswith(("Bob", "Corr"))] == left


@pytest.mark.parametrize("text", [RIGHT, ""])
async def test_what_staff_changed_later_is_in_no_summary(store: SqlStore, clock: ManualClock, text: str) -> None:
    await tell(store, "e1", "Where does he live?", who=ALICE)
    target = await staff_say(store, WRONG)
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert await store.keep_learned(part, Learned(summary=WRONG))
    await staff_change(store, target, text)
    clock.move(REST + 1)
    (again,) = await parts(store)
    assert again.summary is None
    assert WRONG not in [one.text for one in again.messages]


async def test_what_staff_change_while_it_is_read_is_read_again(store: SqlStore, clock: ManualClock) -> None:
    await tell(store, "e1", "Where does he live?", who=ALICE)
    target = await staff_say(store, WRONG)
    clock.move(REST + 1)
    (part,) = await parts(store)
    await staff_change(store, target)
    assert not await store.keep_learned(part, Learned(summary=WRONG))


async def test_a_change_far_behind_is_seen_where_much_is_read_in_parts(store: SqlStore, clock: ManualClock) -> None:
    await tell(store, "e1", "Where does he live?", who=ALICE)
    target = await staff_say(store, WRONG)
    for number in range(45):
        await staff_say(store, f"Message {number}", sent=False)
    await deliver(store)
    await staff_change(store, target)
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert len(part.messages) > 30
    assert WRONG not in [one.text for one in part.messages]


async def read_all(store: SqlStore, clock: ManualClock, messages: int) -> None:
    """So many are written and summed up."""
    for number in range(messages):
        await tell(store, f"e{number}", f"Message {number}")
    clock.move(REST + 1)
    while found := await parts(store):
        for part in found:
            assert await store.keep_learned(part, Learned(summary="Much was said."))


async def test_edits_of_one_commit_are_all_read_again(store: SqlStore, clock: ManualClock) -> None:
    await read_all(store, clock, 5)
    await accept(store, edited("x1", "e1", "It is red"), edited("x2", "e4", "It is blue"))
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert {"It is red", "It is blue"} <= {one.text for one in part.messages}


async def test_edits_of_early_messages_cost_one_more_reading(store: SqlStore, clock: ManualClock) -> None:
    await read_all(store, clock, 60)
    await accept(store, edited("x0", "e0", "It is red"), edited("x1", "e50", "It is blue"))
    await accept(store, edited("x2", "e2", "It is red"))
    (part,) = await parts(store)
    assert part.summary is None
    assert "It is blue" in [one.text for one in part.messages]
    assert await store.keep_learned(part, Learned(summary="It is blue."))
    assert await parts(store) == []
