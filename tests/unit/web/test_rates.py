"""Limits per client."""

from __future__ import annotations

import pytest

from channels.web.access import Caller
from channels.web.admission import Admission
from channels.web.rates import LedgerRates, MemoryRates
from channels.web.settings import Rate, WebLimits
from core.budgets import BudgetLedger
from core.domain.errors import TooManyRequests
from core.ports.budgets import NoBudgets
from tests.unit.web.clock import HandClock


async def test_a_burst_then_a_steady_pace() -> None:
    clock = HandClock()
    rates, rate = MemoryRates(clock.monotonic), Rate(5, 10)
    for _ in range(5):
        await rates.hit("messages", "s1", rate)
    with pytest.raises(TooManyRequests) as caught:
        await rates.hit("messages", "s1", rate)
    assert caught.value.retry_after == pytest.approx(2)
    clock.seconds += caught.value.retry_after
    await rates.hit("messages", "s1", rate)
    with pytest.raises(TooManyRequests):
        await rates.hit("messages", "s1", rate)


async def test_keys_and_names_do_not_share() -> None:
    rates, rate = MemoryRates(HandClock().monotonic), Rate(1, 10)
    await rates.hit("messages", "s1", rate)
    await rates.hit("messages", "s2", rate)
    await rates.hit("uploads", "s1", rate)


async def test_an_amount_of_zero_means_no_limit() -> None:
    rates = MemoryRates(HandClock().monotonic)
    for _ in range(1000):
        await rates.hit("messages", "s1", Rate(0, 1))


async def test_old_keys_are_forgotten() -> None:
    clock = HandClock()
    rates = MemoryRates(clock.monotonic)
    for number in range(5000):
        clock.seconds += 1
        await rates.hit("sessions", str(number), Rate(1, 10))
    assert len(rates) < 1100


async def test_processes_share_what_the_ledger_counts() -> None:
    ledger = BudgetLedger(HandClock())  # as it is when two processes have learned of each other
    one, two = (LedgerRates(HandClock().monotonic, ledger) for _ in range(2))
    rate = Rate(4, 86_400)
    for rates in (one, two, one, two):
        await rates.hit("messages", "a", rate)
    for rates in (one, two):
        with pytest.raises(TooManyRequests) as caught:
            await rates.hit("messages", "a", rate)
        assert caught.value.retry_after > 0
        await rates.hit("messages", "b", rate)
        await rates.hit("messages", "a", Rate(0, 60))


def _admission(**limits: Rate) -> Admission:
    free = Rate(0, 60)
    names = [f"{what}_{whose}" for what in ("sessions", "messages", "uploads") for whose in ("per_address", "in_all")]
    rates = MemoryRates(HandClock().monotonic)
    return Admission(rates, rates, WebLimits(**{**dict.fromkeys(names, free), **limits}), NoBudgets())  # type: ignore[arg-type]


async def test_what_one_address_is_refused_takes_nothing_from_others() -> None:
    admission = _admission(sessions_per_address=Rate(2, 60), sessions_in_all=Rate(8, 60))
    flood, other = Caller("flood", known=False), Caller("other", known=False)
    for _ in range(2):
        await admission.admit("sessions", flood)
    for _ in range(50):
        with pytest.raises(TooManyRequests):
            await admission.admit("sessions", flood)
    await admission.admit("sessions", other)


async def test_strangers_leave_a_quarter_to_people_who_are_signed_in() -> None:
    admission = _admission(sessions_in_all=Rate(8, 60))
    for number in range(6):
        await admission.admit("sessions", Caller(str(number), known=False))
    with pytest.raises(TooManyRequests):
        await admission.admit("sessions", Caller("late", known=False))
    for number in range(2):
        await admission.admit("sessions", Caller(f"user:{number}", known=True))
    with pytest.raises(TooManyRequests):
        await admission.admit("sessions", Caller("user:late", known=True))
