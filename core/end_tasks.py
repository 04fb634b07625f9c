"""Cancel tasks and wait until they have ended."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

_CANCEL_AGAIN_AFTER = 15.0
"""Seconds for a cancelled task to clean up before it is cancelled again: longer than a websocket's or a process's end takes."""
_log = structlog.get_logger(__name__)


async def end_tasks(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel them; return when all have ended. Their exceptions are logged and not raised, also of those that had ended before.

    A task that goes on is cancelled again: on Python 3.11, asyncio.wait_for swallows a cancellation that arrives just as its
    result is ready (https://github.com/python/cpython/issues/86296), and libraries wait with it.
    """
    given = {task for task in tasks if task is not None}
    left = {task for task in given if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_AFTER)
        if left:
            _log.warning("task.cancelled_again", tasks=sorted(task.get_name() for task in left))
    for task in given:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task.failed", task=task.get_name(), exc_info=error)
