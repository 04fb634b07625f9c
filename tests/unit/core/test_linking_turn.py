"""Linking in turns on a real store: one code for a request whatever is run again, one link, no code in what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core.agent.texts import texts_for
from core.budgets import BudgetLedger
from core.domain.budget import Spender
from core.domain.capabilities import AnswersBy, Capabilities
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.customer import LINK, Evidence
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, Change, ChangeKind, CustomerAction, MessageKind
from core.linking import CODE_TRIES, Linking, link_codes
from core.ports.desk import ASKS_COMMENT, DeskReply
from core.ports.outcomes import LinkIdentity
from core.ports.responder import Reply
from core.ports.store import Settlement, Transition, TurnState
from core.storage.links import MASKED
from core.storage.store import SqlStore
from core.storage.tables import identity_link, outbox
from core.turn import Turn
from core.turn_messages import last_handled
from tests.contract.responders.world import turn_of
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    ACCOUNT,
    CHANNEL,
    LEASE,
    accept,
    answer,
    change_owner,
    claim,
    claim_one,
    customer,
    finish,
    said,
)
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, sorry
from tests.unit.core.test_linking import NUMBER, World, routes

ASKS = f"link my phone {NUMBER}"
CODE = "774920"


class Page:
    """The channel of the page."""

    capabilities = Capabilities(text_limit=4_000, event_log=True)


class Wishing(Echo):
    """A model that understood which address is meant."""

    async def respond(self, turn: TurnState, turn_id: str, events: Any) -> Reply:
        how = texts_for(turn, "Acme").say("link_how")
        return Reply(f"{how}\n\nI cannot hear it.", MessageKind.SMALL_TALK, intent=LINK, link=NUMBER)


class Answering(Echo):
    """A model that does something else in the same turn."""

    async def respond(self, turn: TurnState, turn_id: str, events: Any) -> Reply:
        meta = {"ticket": "TKT-1", "confirm": {"tool": "cancel"}}
        return Reply("I opened TKT-1.", MessageKind.ANSWER, intent="question", link=NUMBER, meta=meta)


class Commenting(NotedDesk):
    """Takes whatever comes for a comment on a rating."""

    async def rated(self, turn: TurnState) -> DeskReply | None:
        return DeskReply((answer("Thank you for your comment.", author=Author.SYSTEM),))


@pytest.fixture
def turn(metrics: CountedMetrics, clock: ManualClock) -> Turn:
    return make(metrics, clock)


def make(
    metrics: CountedMetrics, clock: ManualClock, responder: Echo | None = None, desk: NotedDesk | None = None
) -> Turn:
    def spender(state: TurnState) -> Spender:
        return Spender(state.customer.id)

    kinds = {"sms": AnswersBy.SENDER}
    linking = Linking(
        routes, kinds, BudgetLedger(clock), link_codes(60), spender, ["k" * 32], clock, "Acme", lambda: CODE
    )
    channels: Any = {"web": Page()}
    return Turn(responder or Echo(), desk or NotedDesk(), channels, metrics, sorry, linking=linking, clock=clock)


async def rows(store: SqlStore, table: Any) -> Sequence[Any]:
    return await store.database.read(lambda connection: connection.execute(select(table)).all())


async def test_a_turn_that_is_run_again_sends_one_code_and_links_once(
    store: SqlStore, turn: Turn, clock: ManualClock
) -> None:
    await accept(store, said("e1", ASKS))
    killed = await turn.run(await claim_one(store))
    clock.move(60)  # another process takes what a dead one had
    state = await claim_one(store)
    asked = await turn.run(state)
    await store.finish([asked])
    assert not (await store.finish([killed]))[0].held
    assert [row.address for row in await rows(store, outbox) if row.channel == "sms"] == [NUMBER]
    assert asked.messages[1].text.startswith(CODE)
    await accept(store, said("e2", CODE), said("e2", CODE))
    state = await claim_one(store)
    killed, linked = await turn.run(state), await turn.run(state)
    await store.finish([linked])
    assert not (await store.finish([killed]))[0].held
    assert len([row for row in await rows(store, identity_link) if row.unlinked_at is None]) == 2
    told = [one.text for one in await store.messages(state.conversation.id)]
    assert told[2] == MASKED
    assert CODE not in "".join(told)
    await accept(store, said("e3", "Thanks"))
    state = await claim_one(store)
    assert state.customer.evidence is Evidence.PROVEN
    assert [one.kind for one in state.history if one.kind is MessageKind.FOLLOW_UP] == []


async def test_what_is_asked_before_and_behind_it_is_answered_in_order(store: SqlStore, turn: Turn) -> None:
    await accept(store, said("e1", "One"), said("e2", ASKS), said("e3", "Three"))
    heard = []
    while states := await claim(store):
        outcome = await turn.run(states[0])
        heard += [one.text for one in outcome.messages[:1]]
        await store.finish([outcome])
    assert heard == ["One", "I have sent a code to that address. Please type it here within 10 minutes.", "Three"]


async def lose(store: SqlStore) -> None:
    """Whatever is due cannot be delivered, as by a mail channel that has answered a thread often enough."""
    while due := await store.claim_deliveries(CHANNEL, ACCOUNT, 10, LEASE):
        await store.settle([Settlement(one.id, one.token, DeliveryStatus.DEAD, error="too many") for one in due])


async def test_answers_that_never_arrive_give_no_more_tries(store: SqlStore, turn: Turn) -> None:
    heard = []
    for place, text in enumerate((ASKS, *["111111"] * CODE_TRIES, CODE)):
        await accept(store, said(f"e{place}", text))
        state = await claim_one(store)
        assert all(one.deleted_at for one in state.history if one.author is Author.AGENT)
        outcome = await turn.run(state)
        heard.append(outcome.messages[0].text)
        await store.finish([outcome])
        await lose(store)
    assert heard[-1] == CODE, "the right one is an ordinary message by then"
    assert heard[-2].startswith("Too many codes")
    assert await rows(store, identity_link) == []


async def test_a_code_links_once_though_the_answer_was_lost(store: SqlStore, turn: Turn) -> None:
    for place, text in enumerate((ASKS, CODE, "UNLINK my phone", CODE)):
        await accept(store, said(f"e{place}", text))
        await store.finish([await turn.run(await claim_one(store))])
        await lose(store)
    assert [row for row in await rows(store, identity_link) if row.unlinked_at is None] == []
    assert len(await rows(store, identity_link)) == 2


async def test_the_models_wish_is_met_like_the_customers_own_words(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock
) -> None:
    await accept(store, said("e1", "You may also find me elsewhere"))
    outcome = await make(metrics, clock, Wishing()).run(await claim_one(store))
    told, code = outcome.messages
    assert told.text.startswith("I cannot hear it.\n\nI have sent a code to that address.")
    assert code.route is not None


async def test_while_people_have_the_conversation_the_agent_links_nothing(store: SqlStore, turn: Turn) -> None:
    (accepted,) = await accept(store, said("e1", ASKS))
    await change_owner(store, accepted.conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    outcome = await turn.run(await claim_one(store))
    assert all(one.kind is not MessageKind.FOLLOW_UP for one in outcome.messages)


async def test_a_group_links_nothing(store: SqlStore, turn: Turn) -> None:
    await accept(store, said("e1", ASKS, who=customer("ada", verified=True), shared=True, addressed=True))
    outcome = await turn.run(await claim_one(store))
    assert len(outcome.messages) == 1
    assert "in a private chat" in outcome.messages[0].text


async def test_what_else_the_model_says_stands_before_what_becomes_of_the_link(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock
) -> None:
    """In one message: a bare yes answers its question, and a code typed later finds what is open."""
    await accept(store, said("e1", "Open a ticket for my broken lamp, and I also write from elsewhere"))
    outcome = await make(metrics, clock, Answering()).run(await claim_one(store))
    told, code = outcome.messages
    assert told.text.startswith("I opened TKT-1.\n\nI have sent a code to that address.")
    assert (told.kind, told.meta["ticket"], told.meta["confirm"]) == (MessageKind.ANSWER, "TKT-1", {"tool": "cancel"})
    assert (told.meta[LINK]["left"], code.route is not None) == (CODE_TRIES, True)
    await store.finish([outcome])
    await accept(store, said("e2", CODE))
    linked = await make(metrics, clock).run(await claim_one(store))
    assert isinstance(linked.cases[0], LinkIdentity)


@pytest.mark.parametrize("event", [OwnershipEvent.CLAIM, OwnershipEvent.ESCALATE])
async def test_people_read_that_a_link_is_to_be_undone_and_it_is(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock, event: OwnershipEvent
) -> None:
    home = await linked(store, metrics, clock)
    asked_for = Escalation("Asked.", requested_by="customer")
    owner = "grace" if event is OwnershipEvent.CLAIM else None
    await change_owner(store, home, Transition(event, owner=owner, escalation=asked_for))
    await accept(store, said("e8", "Are you there?"), said("e9", "Not me. UNLINK\n\nAlice"))
    desk = NotedDesk()
    while states := await claim(store):
        outcome = await make(metrics, clock, desk=desk).run(states[0])
        assert {one.text for one in outcome.messages} <= {"Passed on."}
        await store.finish([outcome])
    assert desk.relayed == ["Are you there?", "Not me. UNLINK\n\nAlice"]
    assert await open_links(store) == 0


async def test_who_takes_back_the_wish_for_a_person_undoes_a_link_as_well(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock
) -> None:
    home = await linked(store, metrics, clock)
    asked_for = Escalation("Asked.", requested_by="customer")
    notice = answer("A person will answer.", author=Author.SYSTEM, meta={"requires_escalation": True})
    await change_owner(store, home, Transition(OwnershipEvent.ESCALATE, escalation=asked_for), [notice])
    await accept(store, said("e8", "UNLINK"), said("e9", "I don't need a person any more"))
    while states := await claim(store):
        await store.finish([await make(metrics, clock).run(states[0])])
    assert await open_links(store) == 0


@pytest.mark.parametrize("attended", [True, False])
async def test_a_withdrawal_behind_a_message_about_links_swallows_neither(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock, *, attended: bool
) -> None:
    """As if they had come one by one: people read the first where there are any, and the agent answers it where not."""
    await accept(store, said("e0", "A person, please", action=CustomerAction.REQUEST_PERSON))
    desk = NotedDesk(attended=attended)
    turn = make(metrics, clock, desk=desk)
    await store.finish([await turn.run(await claim_one(store))])
    await accept(store, said("e1", ASKS), said("e2", "I don't need a person any more"))
    heard = []
    while states := await claim(store):
        outcome = await turn.run(states[0])
        heard += [one.text for one in outcome.messages[:1]]
        await store.finish([outcome])
    first = "Passed on." if attended else "I have sent a code to that address. Please type it here within 10 minutes."
    assert heard == [first, "Back to the agent."]
    assert desk.relayed == ([ASKS] if attended else [])
    await accept(store, said("e3", "Hello"))
    assert (await claim_one(store)).conversation.state is OwnershipState.BOT


@pytest.mark.parametrize(("text", "links"), [("UNLINK", 0), (CODE, 2)])
async def test_a_comment_that_was_asked_for_is_no_word_about_links(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock, text: str, links: int
) -> None:
    if text == CODE:
        await accept(store, said("e1", ASKS))
        await store.finish([await make(metrics, clock).run(await claim_one(store))])
    else:
        await linked(store, metrics, clock)
    await accept(store, said("e3", "Thanks"))
    resolved = answer("How was it?", author=Author.SYSTEM, meta={ASKS_COMMENT: True})
    assert await finish(store, await claim_one(store), resolved)
    await accept(store, said("e8", "It was great"), said("e9", text))
    heard = []
    while states := await claim(store):
        outcome = await make(metrics, clock, desk=Commenting()).run(states[0])
        heard += [one.text for one in outcome.messages[:1]]
        await store.finish([outcome])
    assert heard[0] == "Thank you for your comment."
    assert heard[1] != heard[0]
    assert await open_links(store) == links


async def test_where_nobody_takes_a_request_for_a_person_links_are_made_and_undone(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock
) -> None:
    await accept(store, said("e0", "A person, please", action=CustomerAction.REQUEST_PERSON))
    turn = make(metrics, clock, desk=NotedDesk(attended=False))
    await store.finish([await turn.run(await claim_one(store))])
    for event, text, links in (("e1", ASKS, 0), ("e2", CODE, 2), ("e3", "UNLINK", 0)):
        await accept(store, said(event, text))
        state = await claim_one(store)
        assert state.conversation.state is OwnershipState.QUEUED
        await store.finish([await turn.run(state)])
        assert await open_links(store) == links


async def test_what_is_asked_beside_undoing_is_answered_too(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock
) -> None:
    await linked(store, metrics, clock)
    await accept(store, said("e9", "UNLINK. What does shipping cost?"))
    outcome = await make(metrics, clock).run(await claim_one(store))
    (told,) = outcome.messages
    assert told.text == "Done. There is no such link any more.\n\nUNLINK. What does shipping cost?"
    await store.finish([outcome])
    assert await open_links(store) == 0


async def test_what_people_say_to_each_other_in_a_group_undoes_nothing(
    store: SqlStore, metrics: CountedMetrics, clock: ManualClock
) -> None:
    await linked(store, metrics, clock)
    (accepted,) = await accept(
        store, said("e8", "Hello", where="g", who=customer("of t1"), shared=True, addressed=True)
    )
    assert await finish(store, await claim_one(store))
    await change_owner(store, accepted.conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
    for event, addressed, links in (("e9", None, 2), ("e10", True, 0)):
        them = customer("of t1")
        await accept(store, said(event, "unlink", where="g", who=them, shared=True, addressed=addressed))
        await store.finish([await make(metrics, clock).run(await claim_one(store))])
        assert await open_links(store) == links


def test_a_change_behind_what_is_left_for_later_is_left_as_well() -> None:
    """It would count what stands before it as handled."""
    state = turn_of("One", "UNLINK", "Three")
    changes = tuple(Change(ChangeKind.EDITED, seq, state.pending[0]) for seq in (0, 4))
    first, of_links = World(ManualClock()).linking.apart(replace(state, changes=changes), signed=True)
    assert (of_links, last_handled(first)) == (False, 1)


async def linked(store: SqlStore, metrics: CountedMetrics, clock: ManualClock) -> str:
    """A conversation whose customer has linked a number."""
    for event, text in (("e1", ASKS), ("e2", CODE)):
        (accepted,) = await accept(store, said(event, text))
        await store.finish([await make(metrics, clock).run(await claim_one(store))])
    assert await open_links(store) == 2
    return accepted.conversation_id


async def open_links(store: SqlStore) -> int:
    return len([row for row in await rows(store, identity_link) if row.unlinked_at is None])
