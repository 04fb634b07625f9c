"""What a worker does again and again beside its customers, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from core.end_tasks import end_tasks


class Loop(Protocol):
    """``start`` returns at once; ``stop`` when it is over. What is left undone the next start does."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...


class LoopTask:
    """The task of a loop: nothing before it is begun, and nothing after it was ended."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Returns at once."""
        self._task = asyncio.create_task(work, name=name)

    async def end(self) -> None:
        """Wherever it is."""
        task, self._task = self._task, None
        await end_tasks(task)


def loops_of(*found: Loop | None) -> tuple[Loop, ...]:
    """Those that there are."""
    return tuple(one for one in found if one is not None)
