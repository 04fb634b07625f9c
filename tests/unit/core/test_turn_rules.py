"""Rules that bring in a person although nobody asked for one, and ratings, on a turn's way."""

from __future__ import annotations

import pytest

from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, CustomerAction, MessageKind
from core.ports.desk import ASKS_RATING
from core.ports.metrics import Counter
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Settlement, Transition, TurnOutcome, TurnState
from core.storage.store import SqlStore
from core.turn import Rules, Turn
from tests.contract.stores.sayings import accept, answer, change_owner, claim_one, finish, said, thread
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, reply, sorry

CROSS = Escalation("The customer is very frustrated.", requested_by="rule", urgency="high")


def before(_turn: TurnState, given: Reply | None) -> Escalation | None:
    return CROSS if given is None else None


def after(_turn: TurnState, given: Reply | None) -> Escalation | None:
    return CROSS if given is not None else None


async def run(store: SqlStore, rules: Rules, responder: Echo, *texts: str) -> TurnOutcome:
    await accept(store, *(said(f"e{place}", text) for place, text in enumerate(texts)))
    return await Turn(responder, NotedDesk(), {}, CountedMetrics(), sorry, rules=rules).run(await claim_one(store))


def giving(given: Reply) -> Echo:
    async def work(_turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        return given

    return Echo(work)


async def test_a_rule_that_needs_no_answer_asks_no_model(store: SqlStore) -> None:
    responder = Echo()
    outcome = await run(store, before, responder, "This is a scandal")
    assert responder.turns == []
    assert outcome.transition is not None
    assert (outcome.transition.event, outcome.transition.escalation) == (OwnershipEvent.ESCALATE, CROSS)
    assert [message.text for message in outcome.messages] == ["A person will answer."]


async def test_the_customers_own_wish_comes_first(store: SqlStore) -> None:
    wish = Escalation("The customer asked for a person.", requested_by="customer")
    outcome = await run(store, before, giving(reply("", escalation=wish)), "I want to talk to a person!!!")
    assert outcome.transition is not None
    assert outcome.transition.escalation == wish


@pytest.mark.parametrize(
    ("kind", "said_too"),
    [(MessageKind.ANSWER, ["Hm."]), (MessageKind.UNKNOWN, []), (MessageKind.FAILURE, [])],
)
async def test_after_a_reply_only_an_answer_is_sent_besides(
    store: SqlStore, kind: MessageKind, said_too: list[str]
) -> None:
    outcome = await run(store, after, giving(Reply("Hm.", kind, offers_person=True)), "And?")
    assert [message.text for message in outcome.messages] == [*said_too, "A person will answer."]
    assert not any(message.meta.get("offers_person") for message in outcome.messages)
    assert outcome.transition is not None
    assert outcome.transition.escalation == CROSS


async def test_no_rule_no_person(store: SqlStore) -> None:
    outcome = await run(store, lambda _turn, _reply: None, Echo(), "Hello")
    assert outcome.transition is None


async def resolved(store: SqlStore, **meta: object) -> None:
    """A customer whose case is closed, and who was told so."""
    await accept(store, said("e0", "A person, please", action=CustomerAction.REQUEST_PERSON))
    notice = answer("Closed.", author=Author.SYSTEM, meta=meta)
    assert await finish(store, await claim_one(store), notice, event=OwnershipEvent.RESOLVE)


async def test_a_rating_closes_what_it_opened_and_asks_no_agent(store: SqlStore) -> None:
    await resolved(store, **{ASKS_RATING: True})
    responder, metrics = Echo(), CountedMetrics()
    await accept(store, said("e1", "5"))
    outcome = await Turn(responder, NotedDesk(), {}, metrics, sorry).run(await claim_one(store))
    assert responder.turns == []
    assert [message.text for message in outcome.messages] == ["Thanks."]
    assert outcome.transition is not None
    assert outcome.transition.event is OwnershipEvent.RESOLVE
    assert metrics.total(Counter.TURNS) == 1
    assert (await store.finish([outcome]))[0].held


@pytest.mark.parametrize("asked", [{}, {ASKS_RATING: True}], ids=["not asked to rate", "asked to rate"])
async def test_what_was_written_while_somebody_resolved_is_the_agents(store: SqlStore, asked: dict[str, bool]) -> None:
    """It was pending then, so its arrival reopened nothing; what it says is no rating, for nobody had asked."""
    await accept(store, said("e0", "A person, please", action=CustomerAction.REQUEST_PERSON))
    assert await finish(store, await claim_one(store), event=OwnershipEvent.ESCALATE)
    await accept(store, said("e1", "5"))
    notice = answer("Closed.", author=Author.SYSTEM, meta=asked)
    home = thread().conversation_id
    await change_owner(store, home, Transition(OwnershipEvent.RESOLVE, reopen_within=3600.0), [notice])
    responder = Echo()
    state = await claim_one(store)
    assert state.conversation.state is OwnershipState.RESOLVED
    outcome = await Turn(responder, NotedDesk(), {}, CountedMetrics(), sorry).run(state)
    assert len(responder.turns) == 1
    assert (await store.finish([outcome]))[0].held
    after = await store.conversation(home)
    assert after is not None
    assert after.state is OwnershipState.BOT
    claimed = await store.claim_deliveries("web", "main", 10, 5.0)
    assert [one.message.text for one in claimed] == ["Closed."]
    await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT) for one in claimed])
    (reply,) = await store.claim_deliveries("web", "main", 10, 5.0)
    assert reply.message.author is Author.AGENT, "it is sent in the agent's own time of ownership"


async def test_a_number_that_nobody_asked_for_is_the_agents(store: SqlStore) -> None:
    await resolved(store)
    responder = Echo()
    await accept(store, said("e1", "5"))
    await Turn(responder, NotedDesk(), {}, CountedMetrics(), sorry).run(await claim_one(store))
    assert len(responder.turns) == 1
