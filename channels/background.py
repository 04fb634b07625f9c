"""Tasks that run beside whoever began them, until they are settled or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from core.end_tasks import end_tasks


class BackgroundTasks:
    """Whoever inherits from it begins tasks, each of which deals with its own failures."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for all that was begun."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Cancel what is under way."""
        await end_tasks(*self._tasks)
