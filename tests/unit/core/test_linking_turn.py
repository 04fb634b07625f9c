"""Linking in turns on a real store: one code for a request whatever is run again, one link, no code in what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from core.budgets import BudgetLedger
from core.domain.budget import Spender
from core.domain.capabilities import AnswersBy, Capabilities
from core.domain.conversation import OwnershipEvent
from core.domain.customer import Evidence
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, MessageKind
from core.linking import CODE_TRIES, Linking, link_codes
from core.ports.responder import Reply
from core.ports.store import Settlement, Transition, TurnState
from core.storage.links import MASKED
from core.storage.store import SqlStore
from core.storage.tables import identity_link, outbox
from core.turn import Turn
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    ACCOUNT,
    CHANNEL,
    LEASE,
    accept,
    change_owner,
    claim,
    claim_one,
    customer,
    said,
)
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, sorry
from tests.unit.core.test_linking import NUMBER, roads

ASKS = f"link my phone {NUMBER}"
CODE = "774920"


class Page:
    """The channel of the page."""

    capabilities = Capabilities(text_limit=4_000, event_log=True)


class Wishing(Echo):
    """A model that understood which address is meant."""

    async def respond(self, turn: TurnState, turn_id: str, events: Any) -> Reply:
        return Reply("", MessageKind.SMALL_TALK, link=NUMBER)


@pytest.fixture
def turn(metrics: CountedMetrics, clock: ManualClock) -> Turn:
    return make(metrics, clock)


def make(metrics: CountedMetrics, clock: ManualClock, responder: Echo | None = None) -> Turn:
    def spender(state: TurnState) -> Spender:
        return Spender(state.customer.id)

    kinds = {"sms": AnswersBy.SENDER}
    linking = Linking(
        roads, kinds, BudgetLedger(clock), link_codes(60), spender, ["k" * 32], clock, "Acme", lambda: CODE
    )
    channels: Any = {"web": Page()}
    return Turn(responder or Echo(), NotedDesk(), channels, metrics, sorry, linking=linking, clock=clock)  # type: ignore[arg-type]


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
    assert len(outcome.messages) == 2
    assert outcome.messages[1].road is not None


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
