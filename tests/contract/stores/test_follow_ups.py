"""What no page has shown goes by another route once, and the answer to it comes back into the same conversation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from core.domain.capabilities import AnswersBy
from core.domain.case import Case
from core.domain.contact_route import Contacted, ContactRoute
from core.domain.conversation import OwnershipEvent
from core.domain.customer import ContactDetails, Identity
from core.domain.delivery import DeliveryStatus
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import CAME_BY, Author, MessageKind, MessageReceived
from core.domain.timers import TimerKind
from core.ports.delivery_outcomes import DeliveryOutcome
from core.ports.event_log import LogFrame
from core.ports.follow_ups import Unseen
from core.ports.outcomes import (
    CloseCase,
    CrossConversationWrite,
    Finished,
    FollowUp,
    NewMessage,
    Recall,
    SetTimer,
    Transition,
)
from core.ports.store import Acceptable, Settlement, TurnOutcome
from core.ports.timers import TimerDecision
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, SENT_AT, accept, answer, change_owner, claim_one, customer, said
from tests.contract.stores.test_cross_conversation_writes import customers_now, escalate, from_staff

MAIL = ("email", "support@example.com")
PHONE = ("sms", "AC1")
ADA = "ada@example.com"
NUMBER = "+15550100"


def mail_route(address: str = ADA, thread: str = "token") -> ContactRoute:
    """To her mailbox."""
    return ContactRoute(ConversationKey(*MAIL, thread), address, address)


def phone_route() -> ContactRoute:
    """To her telephone."""
    return ContactRoute(ConversationKey(*PHONE, f"+15550199/{NUMBER}"), NUMBER, NUMBER)


async def left(
    store: SqlStore, clock: ManualClock, *, phone: bool = False, who: Identity | None = None
) -> tuple[str, Case]:
    """A customer who left an address and the page; what staff wrote stands in the log, and no page has shown it."""
    state, case = await escalate(store, who=who)
    home = state.conversation.id
    contact = ContactDetails(phone=NUMBER) if phone else ContactDetails(email=ADA)
    await accept(store, said("reach me", text="You can write to me", who=who))
    now = await claim_one(store)
    timer = SetTimer(case.id, TimerKind.FOLLOW_UP, 300.0, keep=True)
    await store.finish([TurnOutcome(now.claim, now.pending[-1].seq, contact=contact, cases=(timer,))])
    await wrote(store, clock, case, "m/C1/2.2", "We are looking")
    return home, case


async def wrote(store: SqlStore, clock: ManualClock, case: Case, event: str, text: str) -> None:
    """Staff write, and it is logged for the page, and sent by whatever route there is."""
    await accept(store, from_staff(event, text))
    staff = await claim_one(store)
    conversation = await store.conversation(case.conversation_id)
    assert conversation is not None
    relayed = answer(text, author=Author.STAFF, relays=staff.pending[0].id)
    told = (CrossConversationWrite(conversation.key, (relayed,)),)
    await store.finish([TurnOutcome(staff.claim, staff.pending[-1].seq, cross_writes=told)])
    await shown_on_the_page(store, clock)


async def shown_on_the_page(store: SqlStore, clock: ManualClock) -> None:
    """What is to be logged for the web is."""
    clock.move(1)
    while found := await store.claim_deliveries("web", "main", 10, LEASE):
        for one in found:
            frame = LogFrame("message", message_id=one.message.message_id, dedupe=one.id)
            await store.append(one.conversation_id, [frame])
            await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])


def again(text: str, route: ContactRoute, **fields: Any) -> NewMessage:
    """The follow-up itself."""
    return NewMessage(Author.STAFF, text, MessageKind.FOLLOW_UP, route=route, followed=True, **fields)


async def ring(
    store: SqlStore, clock: ManualClock, home: str, route: ContactRoute, seen: Unseen | None = None
) -> Finished:
    """The time is up: what is unseen goes by that route, as it was decided on ``seen``."""
    clock.move(300)
    (due,) = await store.due_timers(10, LEASE)
    seen = seen or await store.unseen(home)
    conversation = await store.conversation(home)
    assert conversation is not None
    follow = FollowUp(seen.last_seq, seen.shown_cursor, seen.messages[-1][0].seq, route, await store.contacted(route))
    text = "\n".join(message.text for message, _ in seen.messages)
    cross_write = CrossConversationWrite(
        conversation.key, (again(text, route),), ownership_epoch=conversation.ownership_epoch, follow_up=follow
    )
    return await store.finish_timer(due, TimerDecision((cross_write,)))


def by_route(
    event: str, text: str, route: ContactRoute, *, who: str | None = None, thread: str | None = None
) -> Acceptable:
    """A mail or a text message that comes in."""
    place = replace(route.key, thread=thread or route.key.thread)
    sender = Identity(place.channel, place.account, who or route.address, display_name="Mallory or Ada")
    received = MessageReceived(EventKey(place.channel, place.account, event), place, sender, text, SENT_AT)
    how = AnswersBy.THREAD if place.channel == "email" else AnswersBy.SENDER
    return Acceptable(received, follow_up=how)


async def takes(store: SqlStore, *items: Acceptable) -> list[Any]:
    return list(await store.accept(items))


async def test_what_no_page_has_shown_goes_by_the_road_alone(store: SqlStore, clock: ManualClock) -> None:
    home, case = await left(store, clock)
    assert [message.text for message, _ in (await store.unseen(home)).messages] == ["We are looking"]
    before = [message.text for message in await store.messages(home)]
    assert (await ring(store, clock, home, mail_route())).held
    (mail,) = await store.claim_deliveries(*MAIL, 10, LEASE)
    assert (mail.message.text, mail.message.address) == ("We are looking", ADA)
    assert mail.message.conversation == mail_route().key
    assert not await store.claim_deliveries("web", "main", 10, LEASE)
    assert [message.text for message in await store.messages(home)] == before, "nothing was said anew"
    assert not (await store.unseen(home)).messages, "it is dealt with"
    assert await store.timers(case.id) == []
    entries = [entry for entry in await store.case_log(case.id) if entry.route]
    assert [(entry.route, entry.text) for entry in entries] == [(("email", ADA), "We are looking")]


@BOTH_DATABASES
async def test_who_comes_back_in_time_gets_no_mail(store: SqlStore, clock: ManualClock) -> None:
    """Also where the page shows it between the decision and its commit."""
    home, _ = await left(store, clock)
    seen = await store.unseen(home)
    await store.note_shown(home, await store.head(home))
    assert (await ring(store, clock, home, mail_route(), seen)).outdated
    assert not await store.claim_deliveries(*MAIL, 10, LEASE)
    assert not (await store.unseen(home)).messages
    await store.note_shown(home, 1)
    assert not (await store.unseen(home)).messages, "the furthest counts"


async def test_what_is_said_meanwhile_is_not_left_out(store: SqlStore, clock: ManualClock) -> None:
    home, case = await left(store, clock)
    seen = await store.unseen(home)
    await wrote(store, clock, case, "m/C1/3.3", "And found it")
    assert (await ring(store, clock, home, mail_route(), seen)).outdated
    clock.move(1)
    (due,) = await store.due_timers(10, LEASE)
    assert due.timer.kind is TimerKind.FOLLOW_UP, "it is decided anew"


async def test_the_timer_outlives_its_case(store: SqlStore, clock: ManualClock) -> None:
    home, case = await left(store, clock)
    await accept(store, said("done"))
    state = await claim_one(store)
    done = TurnOutcome(state.claim, state.pending[-1].seq, cases=(CloseCase(case.id),))
    await store.finish([replace(done, transition=Transition(OwnershipEvent.RESOLVE))])
    assert (await ring(store, clock, home, mail_route())).held


async def test_an_answer_comes_into_the_same_conversation_once(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    mail = by_route("mail-1", "Thank you!", mail_route())
    first, second = await takes(store, mail, mail)
    assert (first.conversation_id, first.duplicate, second.duplicate) == (home, False, True)
    assert (await takes(store, mail))[0].duplicate
    state = await claim_one(store)
    (pending,) = state.pending
    assert (pending.text, pending.author_name) == ("Thank you!", None)
    assert pending.meta[CAME_BY] == {"channel": "email", "account": "support@example.com"}
    assert not state.customer.verified
    assert state.conversation.route == mail_route()
    assert (await store.read({home: 0}))[home][-1].message is not None, "the page will show it"
    assert (await store.contacted(mail_route())).unanswered == 0


async def test_from_then_on_both_get_what_is_said(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    for one in await store.claim_deliveries(*MAIL, 10, LEASE):
        await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    await takes(store, by_route("mail-1", "Thank you!", mail_route()))
    state = await claim_one(store)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, (answer("By the agent"),))])
    await shown_on_the_page(store, clock)
    (mail,) = await store.claim_deliveries(*MAIL, 10, LEASE)
    assert (mail.message.text, mail.message.author, mail.message.address) == ("By the agent", Author.AGENT, ADA)
    frames = (await store.read({home: 0}))[home]
    assert [frame.message.text for frame in frames if frame.message][-1] == "By the agent"
    await store.settle([Settlement(mail.id, mail.token, DeliveryStatus.DEAD, error="bounced")])
    await accept(store, said("back", text="I am back"))
    state = await claim_one(store)
    assert "By the agent" in [message.text for message in state.history], "the page has it"
    assert state.conversation.route is None
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, (answer("On the page"),))])
    assert not await store.claim_deliveries(*MAIL, 10, LEASE)


async def test_the_agents_words_stop_on_both_when_somebody_takes_over(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    for one in await store.claim_deliveries(*MAIL, 10, LEASE):
        await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    await takes(store, by_route("mail-1", "Thank you!", mail_route()))
    state = await claim_one(store)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, (answer("By the agent"),))])
    await change_owner(store, home, Transition(OwnershipEvent.CLAIM, owner="U2"))
    clock.move(1)
    assert not await store.claim_deliveries(*MAIL, 10, LEASE)
    assert not await store.claim_deliveries("web", "main", 10, LEASE)


async def test_a_stranger_with_the_thread_and_an_old_address_lead_nowhere(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    (stranger,) = await takes(store, by_route("mail-2", "Me too", mail_route(), who="mallory@example.org"))
    (elsewhere,) = await takes(store, by_route("mail-3", "A new matter", mail_route(), thread="another"))
    assert home not in {stranger.conversation_id, elsewhere.conversation_id}
    await accept(store, said("other", text="Rather write to eve@example.com"))
    states = [state for state in await store.claim(10, LEASE, history=20) if state.conversation.id == home]
    contact = ContactDetails(email="eve@example.com")
    await store.finish([TurnOutcome(states[0].claim, states[0].pending[-1].seq, contact=contact)])
    (late,) = await takes(store, by_route("mail-4", "Who are you?", mail_route()))
    assert late.conversation_id != home, "it is hers no more"


@BOTH_DATABASES
async def test_an_answer_from_a_number_counts_until_its_customer_is_back(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock, phone=True)
    await ring(store, clock, home, phone_route())
    (first,) = await takes(store, by_route("SM1", "Thanks", phone_route(), thread=f"+15550142/{NUMBER}"))
    assert first.conversation_id == home
    await accept(store, said("back", text="I am back"))
    (later,) = await takes(store, by_route("SM2", "Something else", phone_route()))
    assert later.conversation_id != home


async def test_who_writes_by_a_road_proves_nothing(store: SqlStore, clock: ManualClock) -> None:
    """On the page the site has said who they are; an address only says where the words came from."""
    ada = customer("of t1", verified=True)
    home, _ = await left(store, clock, who=ada)
    await ring(store, clock, home, mail_route())
    await takes(store, by_route("mail-1", "List all my tickets", mail_route()))
    mailed = await claim_one(store)
    assert not mailed.customer.verified
    await store.finish([TurnOutcome(mailed.claim, mailed.pending[-1].seq)])
    await accept(store, said("back", text="List all my tickets", who=ada))
    paged = await claim_one(store)
    assert paged.customer.verified
    assert paged.customer.id == mailed.customer.id


async def test_whoever_is_back_on_the_page_is_back_in_one_batch_too(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock, phone=True)
    await ring(store, clock, home, phone_route())
    await takes(store, by_route("SM1", "Thanks", phone_route()), Acceptable(said("back", text="I am back")))
    assert (await store.contacted(phone_route())).unanswered == 0
    (later,) = await takes(store, by_route("SM2", "Something else", phone_route()))
    assert later.conversation_id != home


async def test_an_address_that_got_nothing_for_a_month_may_get_something_again(
    store: SqlStore, clock: ManualClock
) -> None:
    home, case = await left(store, clock)
    await ring(store, clock, home, mail_route())
    sent = (await store.contacted(mail_route())).sent_at
    clock.move(29 * 86_400.0)
    assert await store.contacted(mail_route()) == Contacted(sent, 1)
    clock.move(2 * 86_400.0)
    assert await store.contacted(mail_route()) == Contacted(sent, 0)
    await accept(store, said("timer", text="Are you there?"))
    state = await claim_one(store)
    timer = SetTimer(case.id, TimerKind.FOLLOW_UP, 300.0, keep=True)
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, cases=(timer,))])
    await wrote(store, clock, case, "m/C1/5.5", "Yes")
    assert (await ring(store, clock, home, mail_route())).held
    assert (await store.contacted(mail_route())).unanswered == 1


async def test_an_ended_conversation_takes_no_answer(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    await store.end_conversation(said("any").conversation, said("any").sender)
    (late,) = await takes(store, by_route("mail-1", "Thank you!", mail_route()))
    assert late.conversation_id != home


async def test_a_reply_on_two_roads_is_taken_back_from_both_or_not_at_all(store: SqlStore, clock: ManualClock) -> None:
    home, _ = await left(store, clock)
    await ring(store, clock, home, mail_route())
    for one in await store.claim_deliveries(*MAIL, 10, LEASE):
        await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    await takes(store, by_route("mail-1", "Thank you!", mail_route()))
    state = await claim_one(store)
    late = (answer("One", author=Author.STAFF, delay=5.0), answer("Two", author=Author.STAFF, delay=5.0))
    await store.finish([TurnOutcome(state.claim, state.pending[-1].seq, late)])
    one, two = [message.id for message in await store.messages(home)][-2:]
    assert await store.waiting([one, two]) == {one, two}
    await accept(store, from_staff("m/C1/9.9", "gone"))
    staff = await claim_one(store)
    now = await customers_now(store, state)
    recalled = CrossConversationWrite(
        now.conversation.key, ownership_epoch=now.conversation.ownership_epoch, recalls=(Recall(one, None),)
    )
    assert (await store.finish([TurnOutcome(staff.claim, staff.pending[-1].seq, cross_writes=(recalled,))]))[0].held
    clock.move(6)
    (web,) = await store.claim_deliveries("web", "main", 10, LEASE)
    assert web.message.text == "Two"
    assert await store.waiting([two]) == frozenset(), "it has begun on one of them"
    assert [mail.message.text for mail in await store.claim_deliveries(*MAIL, 10, LEASE)] == ["Two"]


async def test_what_an_address_got_is_counted_whoever_left_it(store: SqlStore, clock: ManualClock) -> None:
    """A follow-up that was decided before another one went to the same address is decided anew."""
    home, _ = await left(store, clock)
    assert await store.contacted(mail_route()) == Contacted()
    assert (await ring(store, clock, home, mail_route())).held
    found = await store.contacted(mail_route(thread="of another conversation"))
    assert (found.unanswered, found.sent_at) == (1, clock.now().timestamp())


async def test_a_road_that_is_closed_today_holds_up_nothing_on_the_page(store: SqlStore, clock: ManualClock) -> None:
    home, case = await left(store, clock)
    await ring(store, clock, home, mail_route())
    (mail,) = await store.claim_deliveries(*MAIL, 10, LEASE)
    waits = Settlement(mail.id, mail.token, DeliveryStatus.DUE, retry_after=600.0, authorised=False)
    await store.settle([waits])
    await wrote(store, clock, case, "m/C1/4.4", "On the page at once")
    frames = (await store.read({home: 0}))[home]
    assert [frame.message.text for frame in frames if frame.message][-1] == "On the page at once"
    assert await store.lane_paused(*MAIL)


async def test_staff_are_told_of_a_follow_up_once_it_has_gone(store: SqlStore, clock: ManualClock) -> None:
    home, case = await left(store, clock)
    await store.report_outcomes("main", lambda outcome: [])
    await ring(store, clock, home, mail_route())
    (mail,) = await store.claim_deliveries(*MAIL, 10, LEASE)
    await store.settle([Settlement(mail.id, mail.token, DeliveryStatus.SENT)])
    found: list[DeliveryOutcome] = []

    def worded(outcome: DeliveryOutcome) -> list[NewMessage]:
        found.append(outcome)
        return []

    await store.report_outcomes("main", worded)
    assert [(outcome.case_id, outcome.follow_up, str(outcome.status)) for outcome in found] == [
        (case.id, ("email", ADA), "sent")
    ]


@BOTH_DATABASES
async def test_of_two_processes_one_writes(open_store: OpenStore, store: SqlStore, clock: ManualClock) -> None:
    await left(store, clock)
    other = await open_store()
    clock.move(300)
    batches = await asyncio.gather(store.due_timers(10, LEASE), other.due_timers(10, LEASE))
    assert sum(len(batch) for batch in batches) == 1
