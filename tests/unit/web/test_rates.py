"""Limits per client."""

from __future__ import annotations

import pytest

from channels.web.rates import MemoryRates
from channels.web.settings import Rate
from core.domain.errors import TooManyRequests
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
