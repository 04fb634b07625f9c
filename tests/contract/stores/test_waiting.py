"""Who waits for a person is listed with how to reach them, and is done once an operator says so."""

from __future__ import annotations

from core.domain.case import feed
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.customer import ContactDetails
from core.ports.desk import ForStaff
from core.ports.outcomes import CloseCase, CrossConversationWrite, OpenCase
from core.ports.store import Transition, TurnOutcome
from core.storage.store import SqlStore
from handoff import posts
from handoff.waits.requests import Requests
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import CHANNEL, accept, change_owner, claim_one, said
from tests.unit.core.responders import NotedDesk

_ASKED = Escalation("The customer asked for a person.", requested_by="customer")


async def _queue(store: SqlStore, *, with_desk: bool = False) -> str:
    """The conversation's id."""
    await accept(store, said("e1", "Hello"), said("e2", "A person\nplease"))
    state = await claim_one(store)
    staff = await NotedDesk().opened(state, _ASKED, ()) if with_desk else ForStaff()
    outcome = TurnOutcome(
        state.claim,
        2,
        transition=Transition(OwnershipEvent.ESCALATE, escalation=_ASKED),
        contact=ContactDetails(email="ada@example.com"),
        cross_writes=staff.cross_writes,
        cases=staff.cases,
    )
    await store.finish([outcome])
    return state.conversation.id


@BOTH_DATABASES
async def test_nobody_waits(store: SqlStore) -> None:
    await accept(store, said("e1", "Hello"))
    assert list(await store.who_waits(10)) == []


async def test_who_waits_is_listed_without_a_desk(store: SqlStore) -> None:
    home = await _queue(store)
    (one,) = await store.who_waits(10)
    assert (one.id, one.channel, one.email, one.last_words) == (
        home,
        CHANNEL,
        "ada@example.com",
        "A person please",
    )
    assert one.reason == "The customer asked for a person."
    assert one.since is not None


async def test_what_is_done_is_listed_no_more_and_the_agent_has_it_again(store: SqlStore) -> None:
    home = await _queue(store)
    requests = Requests(store, None)
    assert not await requests.mark_done("nobody")
    assert not await requests.mark_done(f"{home}.1")
    assert await requests.mark_done(home)
    assert not await requests.mark_done(home)
    assert list(await store.who_waits(10)) == []
    conversation = await store.conversation(home)
    assert conversation is not None
    assert conversation.state is OwnershipState.BOT


async def test_with_a_desk_the_case_is_named_closed_and_staff_are_told(store: SqlStore) -> None:
    home = await _queue(store, with_desk=True)
    (one,) = await store.who_waits(10)
    assert one.id == f"{home}.1"
    requests = Requests(store, "mail")
    where = feed("mail", one.id)
    case = await store.open_case(home)
    assert case is not None
    facts = {"customer": "Ada", "state": "queued"}
    card = posts.card_now(facts, OwnershipState.QUEUED, None)
    await store.decide([CrossConversationWrite(where, (card,))], (OpenCase(case),))
    assert not await requests.mark_done(home)
    assert await requests.mark_done(one.id)
    assert await store.open_case(home) is None
    told = await store.messages(where.conversation_id)
    assert [message.meta["post"] for message in told] == ["card_now", "card_now", "remark"]
    assert told[1].meta["facts"]["state"] == "bot"


async def test_what_somebody_claimed_meanwhile_is_not_done(store: SqlStore) -> None:
    home = await _queue(store)
    conversation = await store.conversation(home)
    assert conversation is not None
    stale = CrossConversationWrite(conversation.key, transition=Transition(OwnershipEvent.HAND_BACK), ownership_epoch=0)
    assert not await store.decide([stale], ())
    await change_owner(store, home, Transition(OwnershipEvent.CLAIM, owner="grace"))
    assert not await Requests(store, None).mark_done(home)
    assert list(await store.who_waits(10)) == []


@BOTH_DATABASES
async def test_open_cases_are_listed_until_they_are_closed(store: SqlStore) -> None:
    home = await _queue(store, with_desk=True)
    case = await store.open_case(home)
    assert case is not None
    assert list(await store.open_cases("", 10)) == [case]
    assert list(await store.open_cases(case.id, 10)) == []
    await store.decide([], (CloseCase(case.id),))
    assert list(await store.open_cases("", 10)) == []
