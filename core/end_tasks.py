"""Ending tasks for good."""

from __future__ import annotations

import asyncio
from typing import Any

_AGAIN = 5.0
"""Seconds that a task has to put things in order after it was cancelled."""


async def end_tasks(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel them and wait until all are over. What they raised is not raised here.

    A task that goes on all the same is cancelled again: before Python 3.12, asyncio.wait_for loses a cancellation in the moment
    in which it has its result (https://github.com/python/cpython/issues/86296), and libraries wait with it.
    """
    left = {task for task in tasks if task is not None and not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN)
