"""A task that was told to end ends, whatever becomes of the first cancellation."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from core import end_tasks as ending
from core.end_tasks import end_tasks


async def _forever() -> None:
    await asyncio.Event().wait()


async def test_a_task_ends_also_before_its_first_step() -> None:
    begun = asyncio.create_task(_forever())
    await asyncio.sleep(0)
    new = asyncio.create_task(_forever())
    await end_tasks(begun, None, new)
    assert begun.cancelled()
    assert new.cancelled()


async def test_one_that_has_lost_its_cancellation_ends_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_CANCEL_AGAIN_AFTER", 0.01)
    received = 0

    async def deaf() -> None:
        nonlocal received
        while True:
            try:
                await _forever()
            except asyncio.CancelledError:
                received += 1
                if received == 3:
                    raise

    task = asyncio.create_task(deaf(), name="deaf")
    await asyncio.sleep(0)
    with capture_logs() as logged:
        await end_tasks(task)
    assert task.cancelled()
    assert received == 3
    assert [(one["event"], one["tasks"]) for one in logged] == [("task.cancelled_again", ["deaf"])] * 2


async def test_cleanup_is_awaited() -> None:
    order: list[str] = []

    async def tidy() -> None:
        try:
            await _forever()
        finally:
            await asyncio.to_thread(order.append, "in a thread")
            order.append("in order")

    task = asyncio.create_task(tidy())
    await asyncio.sleep(0)
    await end_tasks(task)
    assert order == ["in a thread", "in order"]


async def test_failures_are_logged_and_keep_no_other_from_ending() -> None:
    async def fails_at_its_end() -> None:
        try:
            await _forever()
        finally:
            raise ValueError("while it ended")

    async def fails() -> None:
        raise KeyError("long ago")

    failing, other = asyncio.create_task(fails_at_its_end()), asyncio.create_task(_forever())
    dead = asyncio.create_task(fails())
    await asyncio.sleep(0)
    with capture_logs() as logged:
        await end_tasks(failing, other, dead)
    assert other.cancelled()
    assert {type(one["exc_info"]) for one in logged if one["event"] == "task.failed"} == {ValueError, KeyError}


async def test_who_waits_can_be_cancelled() -> None:
    leave = asyncio.Event()

    async def slow() -> None:
        try:
            await _forever()
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
