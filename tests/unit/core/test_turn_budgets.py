"""What a turn does when a budget is used up: what was written is kept, and what is said is true."""

from __future__ import annotations

from typing import Any

import pytest

from core.budgets import BudgetLedger
from core.domain.budget import HUB, Budget, current_spender
from core.domain.capabilities import Capabilities, TextFormat
from core.domain.conversation import Escalation
from core.domain.errors import NotYet
from core.domain.messages import Author, MessageKind
from core.llm.budgeted import BudgetedResponder
from core.llm.spending import ModelSpending
from core.ports.responder import Reply
from core.ports.store import TurnOutcome
from core.storage.store import SqlStore
from core.turn import Turn
from core.turn_budgets import TurnBudgets, TurnLimits
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, claim, claim_one, customer, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, reply, sorry

HOUR = 3_600


class Door:
    """A channel as far as the budgets look at it."""

    def __init__(self, *, own_log: bool) -> None:
        self.name = self.account = "web"
        self.capabilities = Capabilities(text_limit=4_000, format=TextFormat.PLAIN, event_log=own_log)


class World:
    """A turn with small budgets on a real store."""

    def __init__(self, store: SqlStore, clock: ManualClock, responder: Any, *, own_log: bool = False) -> None:
        self.store = store
        self.clock = clock
        self.ledger = BudgetLedger(clock)
        self.responder = responder
        limits = TurnLimits(
            messages=Budget("messages", share=3, total=0, seconds=60, kept=False),
            escalations=Budget("escalations", share=1, total=4, seconds=HOUR),
        )
        channels: Any = {"web": Door(own_log=own_log)}
        self.budgets = TurnBudgets(self.ledger, limits, channels, clock, "Acme")
        self.desk = NotedDesk()
        self.turn = Turn(responder, self.desk, {}, CountedMetrics(), sorry, budgets=self.budgets)

    async def hear(self, *events: Any) -> TurnOutcome:
        """Accept, run the turn and commit what it says."""
        await accept(self.store, *events)
        outcome = await self.turn.run(await claim_one(self.store))
        (finished,) = await self.store.finish([outcome])
        assert finished.held
        return outcome


def _always(answer: Reply) -> Echo:
    async def work(*_given: Any) -> Reply:
        return answer

    return Echo(work)


def _wants_person() -> Echo:
    return _always(reply("", escalation=Escalation("asked")))


@pytest.fixture
def world(store: SqlStore, clock: ManualClock) -> World:
    return World(store, clock, Echo())


async def test_a_flood_is_kept_told_of_once_and_not_answered(world: World) -> None:
    for number in range(3):
        await world.hear(said(f"e{number}"))
    assert len(world.responder.turns) == 3
    flood = [await world.hear(said(f"f{number}")) for number in range(5)]
    assert len(world.responder.turns) == 3, "no model is asked"
    first, *others = flood
    (notice,) = first.messages
    assert (notice.kind, notice.author, notice.meta["offers_person"]) == (MessageKind.FAILURE, Author.AGENT, True)
    assert "kept" in notice.text
    assert [outcome.messages for outcome in others] == [()] * 4
    (conversation_id,) = {outcome.claim.conversation_id for outcome in flood}
    stored = await world.store.messages(conversation_id)
    assert len([message for message in stored if message.author is Author.CUSTOMER]) == 8


async def test_a_burst_in_one_turn_counts_as_many(world: World) -> None:
    await world.hear(*(said(f"e{number}") for number in range(4)))
    assert world.responder.turns == []


async def test_after_a_flood_the_sender_is_answered_again_and_others_were_all_along(world: World) -> None:
    await world.hear(*(said(f"e{number}") for number in range(9)))
    assert (await world.hear(said("other", where="t2"))).messages[0].kind is MessageKind.ANSWER
    world.clock.move(60)
    await world.hear(said("again"))
    assert len(world.responder.turns) == 2


async def test_a_turn_that_is_run_again_counts_once(world: World) -> None:
    await accept(world.store, said("e1"), said("e2"))
    state = await claim_one(world.store)
    for _ in range(5):
        assert (await world.turn.run(state)).messages[0].kind is MessageKind.ANSWER


async def test_a_request_for_a_person_that_is_tried_again_counts_once(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, _wants_person())
    await accept(store, said("e1"))
    state = await claim_one(store)
    for _ in range(3):
        assert (await world.turn.run(state)).transition is not None


async def test_what_the_door_refuses_is_not_counted_twice(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, Echo(), own_log=True)
    for number in range(6):
        await world.hear(said(f"e{number}"))
    assert len(world.responder.turns) == 6


async def test_a_second_request_for_a_person_within_the_hour_is_recorded_and_said(
    store: SqlStore, clock: ManualClock
) -> None:
    world = World(store, clock, _wants_person())
    clock.move(15 * 60)
    one = await world.hear(said("e1", where="t1", origin="home"))
    two = await world.hear(said("e2", "A person!", where="t2", origin="home"))
    assert one.transition is not None
    assert two.transition is None, "sessions of one address have one budget"
    (notice,) = two.messages
    assert "45 minutes" in notice.text
    assert "noted" in notice.text
    assert notice.meta["offers_person"] is True
    assert [message.text for message in await store.messages(two.claim.conversation_id)][:1] == ["A person!"]
    assert (await world.hear(said("e3", where="t3", origin="elsewhere"))).transition is not None
    clock.move(HOUR)
    assert (await world.hear(said("e4", where="t2", origin="home"))).transition is not None


async def test_strangers_leave_requests_to_customers_who_are_known(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, _wants_person(), own_log=True)
    asked = [await world.hear(said(f"e{n}", where=f"t{n}", origin=f"address {n}")) for n in range(5)]
    assert [outcome.transition is not None for outcome in asked] == [True, True, True, False, False]
    known = customer("user:ada", verified=True)
    assert (await world.hear(said("known", where="t9", who=known))).transition is not None


async def test_invented_addresses_leave_requests_to_other_strangers(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, _wants_person())
    invented = [customer(f"me@{n}.example") for n in range(4)]
    asked = [await world.hear(said(f"e{n}", where=f"t{n}", who=who)) for n, who in enumerate(invented)]
    assert [outcome.transition is not None for outcome in asked] == [True, True, False, False]
    proved = customer("ada@one.example", verified=True)
    assert (await world.hear(said("proved", where="t9", who=proved))).transition is not None


async def test_the_addresses_of_one_domain_leave_requests_to_other_strangers(
    store: SqlStore, clock: ManualClock
) -> None:
    world = World(store, clock, _wants_person())
    theirs = [customer(f"{n}@one.example", verified=True) for n in range(4)]
    asked = [await world.hear(said(f"e{n}", where=f"t{n}", who=who)) for n, who in enumerate(theirs)]
    assert [outcome.transition is not None for outcome in asked] == [True, True, False, False]
    other = customer("ada@two.example", verified=True)
    assert (await world.hear(said("other", where="t9", who=other))).transition is not None


async def test_the_addresses_of_one_network_leave_requests_to_other_strangers(
    store: SqlStore, clock: ManualClock
) -> None:
    world = World(store, clock, _wants_person(), own_log=True)
    asked = [await world.hear(said(f"e{n}", where=f"t{n}", origin=f"address {n}/network")) for n in range(4)]
    assert [outcome.transition is not None for outcome in asked] == [True, True, False, False]
    other = await world.hear(said("other", where="t9", origin="address 9/another network"))
    assert other.transition is not None


async def test_a_proved_identity_is_known_a_day_after_it_first_wrote(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, Echo())
    who = customer("+15550100", verified=True)
    seen = []
    for number in range(2):
        await accept(store, said(f"e{number}", where=f"t{number}", who=who))
        state = await claim_one(store)
        seen.append(world.budgets.spender(state).known)
        await store.finish([await world.turn.run(state)])
        clock.move(86_400)
    assert seen == [False, True]


async def test_who_joins_an_old_conversation_is_not_known_for_its_age(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, Echo())
    await world.hear(said("e1", who=customer("ada", verified=True), shared=True))
    clock.move(86_400)
    await accept(store, said("e2", who=customer("bob", verified=True), shared=True))
    assert not world.budgets.spender(await claim_one(store)).known


async def test_what_only_people_may_answer_waits_where_the_desk_is_full(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, Echo())
    await world.hear(said("e1", caution="Forged.", origin="home"))
    await accept(store, said("e2", where="t2", caution="Forged.", origin="home"))
    with pytest.raises(NotYet) as caught:
        await world.turn.run(await claim_one(store))
    assert 0 < caught.value.seconds <= 600


async def test_without_tokens_the_answer_comes_without_the_model(store: SqlStore, clock: ManualClock) -> None:
    tokens = Budget("tokens", share=100, total=1_000, seconds=86_400)
    ledger = BudgetLedger(clock)

    async def costly(*_given: Any) -> Reply:
        ledger.spend(tokens, current_spender(), 60)
        return reply("from the model")

    model, quoting = Echo(costly), _always(reply("quoted"))
    world = World(store, clock, BudgetedResponder(model, quoting, ModelSpending(ledger, tokens)), own_log=True)
    texts = [(await world.hear(said(f"e{n}", where=f"t{n}", origin="home"))).messages[0].text for n in range(4)]
    assert texts == ["from the model", "from the model", "quoted", "quoted"]
    other = await world.hear(said("other", where="t9", origin="elsewhere"))
    assert other.messages[0].text == "from the model"
    assert current_spender() == HUB


async def test_a_flood_for_staff_waits_and_is_relayed_together(store: SqlStore, clock: ManualClock) -> None:
    world = World(store, clock, _wants_person())
    await world.hear(said("e1"))
    for number in range(2):
        await world.hear(said(f"f{number}"))
    relays, waits = 0, []
    for number in range(60):
        await accept(store, *(said(f"g{number}-{each}") for each in range(5)))
        for state in await claim(store):
            try:
                await store.finish([await world.turn.run(state)])
                relays += 1
            except NotYet as error:
                waits.append(error.seconds)
                await store.postpone(state.claim, delay=error.seconds, error=error.detail, counts=False)
        clock.move(2)
    assert relays in (1, 2), "one in each minute, however much is written"
    assert max(waits) <= 60
    clock.move(60)
    await world.turn.run(await claim_one(store))
    assert len(world.desk.relayed) == 2 + 60 * 5, "nothing is lost"
