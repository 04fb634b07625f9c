"""What of staff's words no page has shown, and what becomes of a message that goes to the page and by a route."""

from __future__ import annotations

from config.processes.sweep import kept_for, remove_expired
from core.domain.case import feed
from core.domain.delivery import DeliveryStatus
from core.domain.keys import EventKey
from core.domain.messages import Author, MessageDeleted
from core.domain.timers import TimerKind
from core.ports.outcomes import CrossConversationWrite, SetTimer
from core.ports.store import Settlement, TurnOutcome
from core.ports.timers import TimerDecision
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, SENT_AT, accept, answer, claim_one, said
from tests.contract.stores.test_cross_conversation_writes import THREAD, escalate, from_staff
from tests.contract.stores.test_follow_ups import MAIL, by_route, left, mail_route, ring, shown_on_the_page, takes

_MONTH = 30


async def _on_both(store: SqlStore, clock: ManualClock) -> str:
    """The customer answers by mail, and is answered there and on the page, where it arrives."""
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    for one in await store.claim_deliveries(*MAIL, 10, LEASE):
        await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    await takes(store, by_route("mail-1", "Thank you!", mail_route()))
    state = await claim_one(store)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, (answer("By the agent"),))])
    await shown_on_the_page(store, clock)
    return home


async def _settled(store: SqlStore, status: DeliveryStatus) -> None:
    (mail,) = await store.claim_deliveries(*MAIL, 10, LEASE)
    await store.settle([Settlement(mail.id, mail.token, status, error="bounced")])


async def _remembered(store: SqlStore) -> tuple[list[str], list[str]]:
    """By their own page, and by the agent."""
    shown = await store.customer_messages("web", "main", "of t1", 50)
    await accept(store, said("back", text="I am back"))
    state = await claim_one(store)
    await store.release([state.claim])
    return [message.text for message in shown], [message.text for message in state.history]


async def _sweep(store: SqlStore, clock: ManualClock) -> None:
    clock.move((_MONTH + 1) * 24 * 3600.0)
    for what, age in kept_for(_MONTH).items():
        await remove_expired(store, what, age, rows=10)


async def test_what_the_page_has_and_the_mailbox_has_not_is_in_every_history(
    store: SqlStore, clock: ManualClock
) -> None:
    await _on_both(store, clock)
    await _settled(store, DeliveryStatus.DEAD)
    shown, known = await _remembered(store)
    assert "By the agent" in shown
    assert "By the agent" in known


async def test_it_stays_there_when_what_is_old_is_swept_away(store: SqlStore, clock: ManualClock) -> None:
    await _on_both(store, clock)
    await _settled(store, DeliveryStatus.DEAD)
    await _sweep(store, clock)
    shown, known = await _remembered(store)
    assert "By the agent" in shown
    assert "By the agent" in known


async def test_also_where_the_mailbox_gives_up_after_that(store: SqlStore, clock: ManualClock) -> None:
    await _on_both(store, clock)
    await _sweep(store, clock)
    await _settled(store, DeliveryStatus.DEAD)
    assert "By the agent" in (await _remembered(store))[1]


async def test_two_asides_about_one_conversation_are_said_one_after_the_other(store: SqlStore) -> None:
    """By a turn, and by a timer."""
    state, case = await escalate(store)
    home, staff = state.conversation.key, feed("main", case.id)
    await accept(store, from_staff("m/C1/2.2"))
    turn = await claim_one(store)
    cross_writes = tuple(
        CrossConversationWrite(place, (answer(text),)) for text in ("One", "Two") for place in (staff, home)
    )
    records = (SetTimer(case.id, TimerKind.FOLLOW_UP, 0.0),)
    assert (
        await store.finish([TurnOutcome(turn.claim, turn.pending[-1].seq, cross_writes=cross_writes, cases=records)])
    )[0].held
    (due,) = await store.due_timers(10, LEASE)
    more = tuple(CrossConversationWrite(staff, (answer(text),)) for text in ("Three", "Four"))
    assert (await store.finish_timer(due, TimerDecision(more))).held
    told = [message.text for message in await store.messages(staff.conversation_id)]
    assert told == ["The card", "One", "Two", "Three", "Four"]
    assert [message.text for message in await store.messages(home.conversation_id)][-2:] == ["One", "Two"]


async def test_what_no_page_could_have_shown_yet_is_known_to_be_coming(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    assert not (await store.unseen(home)).coming
    await accept(store, from_staff("m/C1/3.3", "And found it"))
    staff, conversation = await claim_one(store), await store.conversation(home)
    assert conversation is not None
    late = answer("And found it", author=Author.STAFF, relays=staff.pending[0].id, delay=5.0)
    told = (CrossConversationWrite(conversation.key, (late,)),)
    await store.finish([TurnOutcome(staff.claim, staff.pending[-1].seq, cross_writes=told)])
    clock.move(2)
    assert (await store.unseen(home)).coming
    clock.move(5)
    await shown_on_the_page(store, clock)
    seen = await store.unseen(home)
    assert not seen.coming
    assert [message.text for message, _ in seen.messages] == ["We are looking", "And found it"]


async def test_what_its_author_has_deleted_is_known_as_that(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    gone = MessageDeleted(EventKey("slack", "main", "d1"), THREAD, EventKey("slack", "main", "m/C1/2.2"), SENT_AT)
    assert (await store.unseen(home)).messages[0][0].deleted_at is None
    await accept(store, gone)
    (message, _) = (await store.unseen(home)).messages[0]
    assert message.deleted_at is not None
