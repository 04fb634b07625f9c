"""What models use and cost: priced, counted by customer and conversation, limited by budgets, shown and erased."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from core.budgets import BudgetLedger
from core.domain.budget import Budget, Spender
from core.domain.errors import TokensUsedUp
from core.domain.model_use import ModelPrice, ModelPrices, UseCount, UseKey
from core.llm.spending import COST_UNITS, ModelSpending, reported_use
from core.ports.metrics import Counter, NoMetrics
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.contract.stores.sayings import accept, claim_one, customer, said
from tests.unit.core.test_budgets import DAY, NOON, HandClock

PRICES = ModelPrices({"gpt-5-*": ModelPrice(1, 4), "gpt-5-mini*": ModelPrice(0.25, 2, 0.025), "own": ModelPrice(0)})
TOKENS = Budget("model-tokens", share=0, total=0, seconds=DAY)
COST = Budget("model-cost", share=COST_UNITS, total=4 * COST_UNITS, seconds=DAY, announced=True)
MIDNIGHT = NOON.timestamp() - DAY / 2


class _Counted(NoMetrics):
    def __init__(self) -> None:
        self.counts: list[tuple[Counter, float, dict[str, str]]] = []

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        self.counts.append((counter, amount, labels))


def _stranger(name: str, conversation: str = "c1") -> Spender:
    return Spender(f"origin:{name}", customer_id=name, conversation_id=conversation)


def test_the_exact_name_has_a_price_then_the_longest_pattern() -> None:
    assert PRICES.find("gpt-5-mini-2026") == ModelPrice(0.25, 2, 0.025)
    assert PRICES.find("gpt-5-nano") == ModelPrice(1, 4)
    assert PRICES.find("own") == ModelPrice(0)
    assert PRICES.find("llama") is None


def test_cached_tokens_have_a_price_of_their_own() -> None:
    price = ModelPrice(2, 8, 0.5)
    assert price.cost(UseCount(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)) == pytest.approx(
        0.6 * 2 + 0.4 * 0.5 + 0.1 * 8
    )
    assert ModelPrice(2).cost(UseCount(input_tokens=500_000, cached_tokens=500_000)) == 1.0


def test_what_an_endpoint_reports_is_bounded() -> None:
    assert reported_use({"prompt_tokens": -5, "completion_tokens": 10**30}) == UseCount(output_tokens=1_000_000_000)


def _spend(spending: ModelSpending, spender: Spender, tokens: int, model: str = "gpt-5-nano") -> None:
    spending.count(spender, model, "answer", UseCount(input_tokens=tokens), tokens)


def test_a_cost_budget_is_used_up_for_one_customer_and_operators_are_told_once() -> None:
    metrics = _Counted()
    ledger = BudgetLedger(HandClock(), None, metrics)
    spending = ModelSpending(ledger, TOKENS, COST, PRICES, metrics)
    _spend(spending, _stranger("ada"), 999_000)
    spending.require_room(_stranger("ada"))
    _spend(spending, _stranger("ada"), 1_000)
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(TokensUsedUp):
                spending.require_room(_stranger("ada"))
    assert [one["event"] for one in logs] == ["budget.used_up"]
    spending.require_room(_stranger("bob"))
    told = [labels for counter, _, labels in metrics.counts if counter is Counter.BUDGETS_USED_UP]
    assert told == [{"budget": "model-cost", "whose": "one"}]
    assert sum(amount for counter, amount, _ in metrics.counts if counter is Counter.MODEL_COST) == pytest.approx(1.0)


def test_strangers_together_leave_a_quarter_to_known_customers() -> None:
    spending = ModelSpending(BudgetLedger(HandClock()), TOKENS, COST, PRICES)
    for name in ("a", "b", "c"):
        _spend(spending, _stranger(name), 1_000_000)
    assert spending.wait(_stranger("d")) > 0
    assert spending.wait(Spender("customer:known", known=True)) == 0


def test_costs_below_a_unit_add_up() -> None:
    spending = ModelSpending(BudgetLedger(HandClock()), TOKENS, COST, PRICES)
    for _ in range(40_000):
        _spend(spending, _stranger("ada"), 20)  # 0.2 units
    assert spending.wait(_stranger("ada")) == 0
    for _ in range(10_001):
        _spend(spending, _stranger("ada"), 20)
    assert spending.wait(_stranger("ada")) > 0


async def _store(database_url: str, clock: HandClock) -> SqlStore:
    await migrate(database_url)
    store = SqlStore(database_url, clock, server_clock=False)
    await store.open()
    return store


async def test_use_is_written_behind_and_survives_a_restart(database_url: str) -> None:
    clock = HandClock()
    store = await _store(database_url, clock)
    try:
        for _ in range(2):
            ledger = BudgetLedger(clock, store)
            spending = ModelSpending(ledger, TOKENS, COST, PRICES)
            await ledger.start()
            _spend(spending, _stranger("ada"), 300_000)
            _spend(spending, _stranger("ada", "c2"), 100_000)
            _spend(spending, _stranger("bob"), 100_000, model="unpriced")
            spending.count(Spender(), "gpt-5-nano", "memory", UseCount(estimated_calls=1, output_tokens=10), 10)
            await ledger.stop()
        by_customer = await store.model_use("customer", MIDNIGHT, 10)
        assert [(one["customer_id"], one["calls"], one["input_tokens"]) for one in by_customer] == [
            ("ada", 4, 800_000),
            ("", 2, 0),
            ("bob", 2, 200_000),
        ]
        assert by_customer[0]["cost"] == pytest.approx(0.8)
        assert by_customer[1]["estimated_calls"] == 2
        assert {one["conversation_id"] for one in await store.model_use("conversation", MIDNIGHT, 10)} >= {"c1", "c2"}
        assert [one["day"] for one in await store.model_use("day", MIDNIGHT, 10)] == [MIDNIGHT]
        by_model = await store.model_use("model", MIDNIGHT, 10)
        assert {(one["model"], one["task"]) for one in by_model} == {
            ("gpt-5-nano", "answer"),
            ("gpt-5-nano", "memory"),
            ("unpriced", "answer"),
        }
        assert await store.model_use("customer", MIDNIGHT + DAY, 10) == []
        again = BudgetLedger(clock, store)
        await again.start()
        _spend(ModelSpending(again, TOKENS, COST, PRICES), _stranger("ada"), 200_000)
        assert ModelSpending(again, TOKENS, COST, PRICES).wait(_stranger("ada")) > 0
        await again.stop()
    finally:
        await store.close()


async def test_erasing_a_customer_erases_their_use(database_url: str) -> None:
    clock = HandClock()
    store = await _store(database_url, clock)
    try:
        await accept(store, said("e1", who=customer("ada@example.com")))
        ada = (await claim_one(store)).customer.id
        for name in (ada, "somebody-else"):
            key = UseKey(MIDNIGHT, name, "c1", "gpt-5-nano", "answer")
            await store.add_model_use({key: UseCount(calls=1)})
        named = {one["customer_id"]: one["address"] for one in await store.model_use("customer", 0.0, 10)}
        assert named[ada].endswith("ada@example.com")
        await store.erase_customer(named[ada], lambda _case: (), lambda note, _without: note, "test", only=False)
        assert [one["customer_id"] for one in await store.model_use("customer", 0.0, 10)] == ["somebody-else"]
    finally:
        await store.close()


async def test_counts_wait_for_a_database_that_is_away(database_url: str) -> None:
    clock = HandClock()
    store = await _store(database_url, clock)
    ledger = BudgetLedger(clock, store)
    _spend(ModelSpending(ledger, TOKENS, COST, PRICES), _stranger("ada"), 1_000)
    await store.close()
    await ledger.write()
    await store.open()
    try:
        await ledger.write()
        await ledger.write()
        assert [one["input_tokens"] for one in await store.model_use("customer", 0.0, 10)] == [1_000]
    finally:
        await store.close()
