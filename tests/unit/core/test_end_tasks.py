"""A task that was told to end ends, whatever becomes of the first cancellation."""

from __future__ import annotations

import asyncio

import pytest

from core import end_tasks as ending
from core.end_tasks import end_tasks


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_task_ends_also_before_its_first_step() -> None:
    begun, new = asyncio.create_task(_for_ever()), asyncio.create_task(_for_ever())
    await asyncio.sleep(0)
    await end_tasks(begun, None, new, asyncio.create_task(_for_ever()))
    assert begun.cancelled()
    assert new.cancelled()


async def test_one_that_has_lost_its_cancellation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_AGAIN", 0.01)
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(1_000)
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await end_tasks(task)
    assert task.cancelled()
    assert lost == 3


async def test_what_puts_things_in_order_is_waited_for() -> None:
    order: list[str] = []

    async def tidy() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(0.05)
            order.append("in order")

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await end_tasks(task)
    assert order == ["in order"]


async def test_a_failure_of_one_keeps_no_other_from_ending() -> None:
    async def fails() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            raise ValueError("while it ended")

    failing, other = asyncio.create_task(fails()), asyncio.create_task(_for_ever())
    await asyncio.sleep(0)
    await end_tasks(failing, other)
    assert isinstance(failing.exception(), ValueError)
    assert other.cancelled()


async def test_whoever_is_cancelled_while_waiting_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    leave = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            await leave.wait()

    task = asyncio.create_task(slow())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(end_tasks(task))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    leave.set()
    await asyncio.wait({task})
