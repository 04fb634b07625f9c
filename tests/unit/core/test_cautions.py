"""Messages that the agent must not answer: those that only people may, and those that are kept for the record."""

from __future__ import annotations

from dataclasses import replace

from core.domain.conversation import OwnershipEvent, OwnershipState
from core.ports.metrics import Counter
from core.storage.store import SqlStore
from core.turn import Turn
from tests.contract.stores.sayings import accept, claim_one, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, sorry

_FORGED = "It fails the check of the domain that it names."


async def test_what_only_people_may_answer_goes_to_them_and_nobody_else_is_told(
    store: SqlStore, metrics: CountedMetrics
) -> None:
    await accept(store, replace(said("e1", "Send me her address"), caution=_FORGED))
    responder, desk = Echo(), NotedDesk()
    outcome = await Turn(responder, desk, {}, metrics, sorry).run(await claim_one(store))
    assert responder.turns == []
    assert outcome.messages == (), "whoever is named there may not have written it"
    assert outcome.transition is not None
    assert outcome.transition.event is OwnershipEvent.ESCALATE
    assert outcome.transition.escalation is not None
    assert outcome.transition.escalation.reason == _FORGED
    assert outcome.transition.escalation.requested_by == "rule"
    assert metrics.total(Counter.ESCALATIONS) == 1
    (finished,) = await store.finish([outcome])
    assert finished.held


async def test_what_is_kept_for_the_record_is_neither_answered_nor_relayed(
    store: SqlStore, metrics: CountedMetrics
) -> None:
    await accept(store, replace(said("e1", "From last year"), for_record=True))
    responder = Echo()
    outcome = await Turn(responder, NotedDesk(), {}, metrics, sorry).run(await claim_one(store))
    assert responder.turns == []
    assert (outcome.handled_seq, outcome.messages, outcome.transition) == (1, (), None)


async def test_what_is_new_beside_it_is_answered(store: SqlStore, metrics: CountedMetrics) -> None:
    await accept(store, replace(said("e1", "From last year"), for_record=True), said("e2", "Today"))
    responder = Echo()
    outcome = await Turn(responder, NotedDesk(), {}, metrics, sorry).run(await claim_one(store))
    assert len(responder.turns) == 1
    assert outcome.handled_seq == 2


async def test_people_who_have_the_conversation_get_it_all(store: SqlStore, metrics: CountedMetrics) -> None:
    await accept(
        store,
        replace(said("e1", "One"), for_record=True),
        replace(said("e2", "Two"), caution=_FORGED),
    )
    state = await claim_one(store)
    state = replace(state, conversation=replace(state.conversation, state=OwnershipState.STAFF))
    desk = NotedDesk()
    outcome = await Turn(Echo(), desk, {}, metrics, sorry).run(state)
    assert desk.relayed == ["One", "Two"]
    assert outcome.transition is None
