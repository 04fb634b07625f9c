"""Budgets: shares, totals, windows, and what strangers leave to others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.budgets import BudgetLedger
from core.domain.budget import HUB, Budget, Spender, current_spender, spending
from core.domain.errors import StoreUnavailable
from core.ports.budgets import Spent
from core.storage.store import SqlStore

DAY = 86_400
TOKENS = Budget("tokens", share=10, total=40, seconds=DAY)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = NOON.timestamp()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def _stranger(number: int) -> Spender:
    return Spender(f"origin:{number}")


def test_a_share_is_used_up_and_comes_back_with_the_next_window() -> None:
    clock = HandClock()
    ledger = BudgetLedger(clock)
    assert ledger.take(TOKENS, _stranger(1), 10) == 0
    assert ledger.take(TOKENS, _stranger(1)) == DAY / 2
    assert ledger.take(TOKENS, _stranger(2)) == 0, "another spender has a share of its own"
    clock.seconds += DAY / 2
    assert ledger.take(TOKENS, _stranger(1), 10) == 0


def test_what_is_refused_is_not_spent() -> None:
    ledger = BudgetLedger(HandClock())
    assert ledger.take(TOKENS, _stranger(1), 11) > 0
    assert ledger.take(TOKENS, _stranger(1), 10) == 0


def test_what_was_spent_counts_even_where_there_was_no_room() -> None:
    ledger = BudgetLedger(HandClock())
    ledger.spend(TOKENS, _stranger(1), 1_000)
    assert ledger.wait(TOKENS, _stranger(1)) > 0


def test_strangers_together_leave_a_quarter_to_known_customers() -> None:
    ledger = BudgetLedger(HandClock())
    granted = sum(10 for number in range(20) if ledger.take(TOKENS, _stranger(number), 10) == 0)
    assert granted == 30
    assert ledger.take(TOKENS, Spender("customer:a", known=True), 10) == 0
    assert ledger.take(TOKENS, Spender("customer:b", known=True), 1) > 0, "the total holds for everybody"


def test_a_group_of_strangers_has_some_shares_and_leaves_half_to_others() -> None:
    ledger = BudgetLedger(HandClock())
    large = Budget("large", share=1, total=1_000, seconds=DAY)
    for budget, most in ((TOKENS, 15), (large, 10), (Budget("untold", share=10, total=0, seconds=DAY), 200)):
        spenders = [Spender(f"customer:{number}", group="unproven:email") for number in range(200)]
        assert sum(ledger.take(budget, spender) == 0 for spender in spenders) == most
        assert ledger.take(budget, Spender("customer:a", group="domain:one.example")) == 0
        assert ledger.take(budget, Spender("customer:b", known=True, group="unproven:email")) == 0


def test_a_total_of_one_is_a_limit_for_strangers_too() -> None:
    ledger = BudgetLedger(HandClock())
    once = Budget("escalations", share=0, total=1, seconds=DAY)
    assert ledger.take(once, _stranger(1)) == 0
    assert ledger.take(once, _stranger(2)) > 0


def test_the_hub_itself_has_no_share_and_keeps_to_the_total() -> None:
    ledger = BudgetLedger(HandClock())
    assert ledger.take(TOKENS, HUB, 40) == 0
    assert ledger.take(TOKENS, HUB) > 0


def test_zero_means_no_limit() -> None:
    ledger = BudgetLedger(HandClock())
    for _ in range(1_000):
        assert ledger.take(Budget("free", share=0, total=0, seconds=60), _stranger(1), 1_000) == 0


def test_spenders_that_came_once_are_forgotten() -> None:
    clock = HandClock()
    ledger = BudgetLedger(clock)
    minute = Budget("messages", share=10, total=0, seconds=60, kept=False)
    for number in range(5_000):
        clock.seconds += 1
        ledger.take(minute, _stranger(number))
    assert len(ledger._windows) < 1_200


def test_the_spender_of_a_task_is_the_hub_unless_it_is_told() -> None:
    with spending(_stranger(1)):
        assert current_spender() == _stranger(1)
    assert current_spender() == HUB


async def _ledgers(url: str, clock: HandClock, number: int = 2) -> tuple[list[SqlStore], list[BudgetLedger]]:
    stores = [SqlStore(url, clock) for _ in range(number)]
    for store in stores:
        await store.open()
    return stores, [BudgetLedger(clock, store, every=3_600) for store in stores]


async def test_two_processes_share_what_was_spent(database_url: str) -> None:
    clock = HandClock()
    stores, (one, two) = await _ledgers(database_url, clock)
    try:
        assert one.take(TOKENS, _stranger(1), 6) == 0
        assert two.take(TOKENS, _stranger(1), 6) == 0, "both within the same second: the overrun that is stated"
        await one.write()
        await two.write()
        assert two.wait(TOKENS, _stranger(1)) > 0
        assert one.take(TOKENS, _stranger(1)) == 0, "it learns of the other when it next writes"
        await one.write()
        assert one.wait(TOKENS, _stranger(1)) > 0
        assert two.take(TOKENS, _stranger(2), 10) == 0
        await two.write()
        assert one.take(TOKENS, _stranger(3)) == 0
        await one.write()
        assert one.wait(TOKENS, _stranger(4), 10) > 0, "6 + 6 + 1 + 10 + 1 of 30 are spent"
    finally:
        for store in stores:
            await store.close()


async def test_a_restart_keeps_what_was_spent(database_url: str) -> None:
    clock = HandClock()
    stores, (before, after) = await _ledgers(database_url, clock)
    try:
        await before.start()
        before.spend(TOKENS, _stranger(1), 10)
        await before.stop()
        await after.start()
        assert after.wait(TOKENS, _stranger(1)) > 0
        assert after.wait(TOKENS, _stranger(2)) == 0
        await after.stop()
        clock.seconds += DAY
        assert after.wait(TOKENS, _stranger(1)) == 0
    finally:
        for store in stores:
            await store.close()


async def test_a_new_window_begins_anew_and_a_late_writer_does_not_disturb_it(database_url: str) -> None:
    clock = HandClock()
    (store, *others), _ = await _ledgers(database_url, clock)
    try:
        await store.add_spent({"budget:x": Spent(100.0, 5)})
        assert await store.add_spent({"budget:x": Spent(100.0, 5)}) == {"budget:x": Spent(100.0, 10)}
        assert await store.add_spent({"budget:x": Spent(200.0, 1)}) == {"budget:x": Spent(200.0, 1)}
        assert await store.add_spent({"budget:x": Spent(100.0, 5)}) == {"budget:x": Spent(200.0, 1)}
        most = await store.add_spent({"budget:x": Spent(200.0, 1_900_000_000)})
        assert (await store.add_spent({"budget:x": Spent(200.0, 1_000_000_000)}))["budget:x"].amount >= 1_900_000_000
        assert most["budget:x"].amount == 1_900_000_001
        assert await store.forget_spent(300.0) == 1
    finally:
        for one in (store, *others):
            await one.close()


class Away:
    """A database that does not answer."""

    def __init__(self) -> None:
        self.back = False
        self.added: dict[str, Spent] = {}

    async def add_spent(self, spent: dict[str, Spent]) -> dict[str, Spent]:
        if not self.back:
            raise StoreUnavailable("away")
        self.added.update(spent)
        return spent

    async def spent_since(self, now: float, limit: int) -> dict[str, Spent]:
        if not self.back:
            raise StoreUnavailable("away")
        return {}

    async def forget_spent(self, before: float) -> int:
        return 0


@pytest.mark.parametrize("spent", [3, 7])
async def test_an_outage_loses_no_count(spent: int) -> None:
    records = Away()
    ledger = BudgetLedger(HandClock(), records)  # type: ignore[arg-type] # dicts are mappings
    ledger.spend(TOKENS, _stranger(1), spent)
    await ledger.write()
    assert ledger.wait(TOKENS, _stranger(1), 11 - spent) > 0
    records.back = True
    await ledger.write()
    await ledger.write()
    assert records.added["budget:tokens:origin:1"].amount == spent


async def test_thousands_of_spenders_are_written_at_once(database_url: str) -> None:
    clock = HandClock()
    stores, (one, two) = await _ledgers(database_url, clock)
    try:
        for number in range(2_500):
            one.spend(Budget("messages", share=9, total=0, seconds=DAY), _stranger(number), number % 7 + 1)
        await one.write()
        await two.start()
        assert two.wait(Budget("messages", share=9, total=0, seconds=DAY), _stranger(6), 3) > 0
        assert two.wait(Budget("messages", share=9, total=0, seconds=DAY), _stranger(7), 8) == 0
        await two.stop()
    finally:
        for store in stores:
            await store.close()
