"""A clock that is moved on: who sleeps wakes at once where the time has come, and nothing goes backwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from config.simulation.clock import MovedClock

BEGIN = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


def test_it_begins_where_it_is_told_and_goes_on() -> None:
    clock = MovedClock(BEGIN)
    assert timedelta() <= clock.now() - BEGIN < timedelta(hours=1)
    clock.move_to(BEGIN + timedelta(days=3))
    assert timedelta(days=3) <= clock.now() - BEGIN < timedelta(days=3, hours=1)
    before, passed = clock.now(), clock.monotonic()
    clock.move_to(BEGIN)
    assert clock.now() >= before
    assert clock.monotonic() >= passed


async def test_who_sleeps_wakes_when_the_time_is_skipped() -> None:
    clock = MovedClock(BEGIN)
    woken: list[str] = []

    async def sleep(name: str, days: int) -> None:
        await clock.sleep(timedelta(days=days).total_seconds())
        woken.append(name)

    short, long = asyncio.create_task(sleep("short", 2)), asyncio.create_task(sleep("long", 9))
    await asyncio.sleep(0)
    clock.move_to(BEGIN + timedelta(days=1))
    await asyncio.sleep(0)
    assert woken == []
    clock.move_to(BEGIN + timedelta(days=3))
    await short
    assert woken == ["short"]
    clock.move_to(BEGIN + timedelta(days=10))
    await long


def test_without_a_beginning_it_is_the_real_one() -> None:
    assert abs(MovedClock().now() - datetime.now(UTC)) < timedelta(minutes=1)
