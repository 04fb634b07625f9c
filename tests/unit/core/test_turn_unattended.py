"""Where nobody can take a conversation, the agent goes on answering it, and the request for a person stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.customer import ContactDetails
from core.domain.messages import Author, CustomerAction
from core.ports.metrics import Counter
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Transition, TurnState
from core.storage.store import SqlStore
from tests.contract.stores.sayings import accept, claim_one, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, reply
from tests.unit.core.test_turn import make, queued


@pytest.fixture
async def state(store: SqlStore) -> TurnState:
    """Two messages of a customer who waits for a person."""
    await accept(store, said("e1", "One"), said("e2", "Two"))
    return await claim_one(store)


async def test_the_agent_goes_on_answering_where_nobody_is_there(state: TurnState, metrics: CountedMetrics) -> None:
    responder, desk = Echo(), NotedDesk(attended=False)
    state = replace(state, conversation=replace(state.conversation, state=OwnershipState.QUEUED))
    outcome = await make(metrics, responder, desk=desk).run(state)
    assert [(one.author, one.text) for one in outcome.messages] == [(Author.AGENT, "One + Two")]
    assert (outcome.transition, desk.relayed, outcome.handled_seq) == (None, [], 2)


async def test_what_a_person_owns_is_never_left_to_the_agent(state: TurnState, metrics: CountedMetrics) -> None:
    responder, desk = Echo(), NotedDesk(attended=False)
    state = replace(state, conversation=replace(state.conversation, state=OwnershipState.STAFF))
    await make(metrics, responder, desk=desk).run(state)
    assert (responder.turns, desk.relayed) == ([], ["One", "Two"])


@pytest.mark.parametrize("words", [("A person, please",), ("How do I export my data?", "A person, please")])
async def test_a_second_wish_changes_nothing_where_nobody_is_there(
    store: SqlStore, metrics: CountedMetrics, words: tuple[str, ...]
) -> None:
    *before, last = words
    pressed = said("e9", last, action=CustomerAction.REQUEST_PERSON)
    await accept(store, *(said(f"e{place}", text) for place, text in enumerate(before)), pressed)
    state = await claim_one(store)
    state = replace(state, conversation=replace(state.conversation, state=OwnershipState.QUEUED))
    asks = Escalation("Asked.", requested_by="customer")

    async def answer_first(_turn: TurnState, _turn_id: str, _events: TurnEvents) -> Reply:
        return reply("Escalated.", escalation=asks, besides=reply("By pressing export."))

    responder = Echo(answer_first)
    outcome = await make(metrics, responder, desk=NotedDesk(attended=False)).run(state)
    assert outcome.transition is None
    assert [one.text for one in outcome.messages] == [*(["By pressing export."] if before else []), "Passed on."]
    assert all(one.meta["in_reply_to"] == state.pending[-1].id for one in outcome.messages)
    assert metrics.total(Counter.ESCALATIONS) == 0


async def test_contact_details_beside_a_question_are_kept_where_nobody_is_there(
    store: SqlStore, metrics: CountedMetrics
) -> None:
    await accept(store, said("e1", "a@b.example"))
    state = await claim_one(store)
    state = replace(state, conversation=replace(state.conversation, state=OwnershipState.QUEUED))
    outcome = await make(metrics, desk=NotedDesk(attended=False)).run(state)
    assert outcome.contact == ContactDetails(email="a@b.example")
    assert [one.author for one in outcome.messages] == [Author.AGENT]


@pytest.mark.parametrize("attended", [True, False])
async def test_the_button_back_to_the_agent_takes_the_wish_back_whatever_it_says(
    store: SqlStore, metrics: CountedMetrics, *, attended: bool
) -> None:
    await queued(store)
    await accept(store, said("e1", "Zurück zum Assistenten", action=CustomerAction.WITHDRAW))
    state = await claim_one(store)
    responder = Echo()
    outcome = await make(metrics, responder, desk=NotedDesk(attended=attended)).run(state)
    assert outcome.transition == Transition(OwnershipEvent.WITHDRAW)
    assert [one.text for one in outcome.messages] == ["Back to the agent."]
    assert responder.turns == []
