"""Group commit: whoever arrives while a commit is under way shares the next one.

A commit costs a flush to disk whatever it holds, so under load the batches grow and the cost per item falls; alone, an
item waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from core.domain.errors import Overloaded, StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """``commit`` takes a batch and returns one result per item; an exception in place of a result is raised to its caller.

    When a batch fails for a reason that lies in one of its items (not that the store is away), they are tried one by
    one, so that one bad item cannot take its neighbours with it.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_batch: int = 256,
        max_queue: int = 20_000,
    ) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Returns after the commit that held ``item``. Raises Overloaded at once when too many wait already."""
        if len(self._queue) >= self._max_queue:
            raise Overloaded("Too much is waiting to be stored. Try again in a moment.")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain())
        return await future  # a caller that gives up takes nothing back: the item is in the queue

    async def drain(self) -> None:
        """Wait until everything that was submitted has been committed or refused."""
        while self._worker is not None:
            await asyncio.wait({self._worker})

    async def _drain(self) -> None:
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(self._max_batch, len(self._queue)))]
                await self._run(batch)
        finally:
            self._worker = None

    async def _run(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._commit([item for item, _ in batch])
            _settle(batch, results)
        except (StoreUnavailable, Overloaded) as error:
            _settle(batch, [error] * len(batch))
        except Exception as error:
            if len(batch) == 1:
                _settle(batch, [error])
                return
            for pair in batch:
                await self._run([pair])
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise


def _settle(batch: Sequence[tuple[Item, asyncio.Future[Result]]], results: Sequence[Result | Exception]) -> None:
    for (_, future), result in zip(batch, results, strict=True):
        if future.cancelled():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
            future.exception()  # the caller may be gone: then nobody else reads it
        else:
            future.set_result(result)
