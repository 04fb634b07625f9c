"""Group commit: whoever arrives while a commit is under way shares the next one.

A commit costs a flush to disk whatever it holds, so under load the batches grow and the cost per item falls; alone, an
item waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from core.domain.errors import Overloaded, StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


_Unit = tuple[Sequence[Item], "asyncio.Future[list[Result | Exception]]"]


class GroupCommit(Generic[Item, Result]):
    """``commit`` takes a batch and returns one result per item; an exception in place of a result is raised to its caller.

    What was submitted together is committed together or not at all, so that none of it can overtake the rest. When a batch
    fails for a reason that lies in one of its items (not that the store is away), the calls are tried one by one, so that
    one bad item cannot take its neighbours with it.
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
        self._queue: deque[_Unit[Item, Result]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Returns after the commit that held ``item``. Raises Overloaded at once when too many wait already."""
        (result,) = await self.submit_all([item])
        if isinstance(result, Exception):
            raise result
        return result

    async def submit_all(self, items: Sequence[Item]) -> list[Result | Exception]:
        """Returns after the one commit that held them all. Raises Overloaded, or why none of them was committed."""
        if len(self._queue) >= self._max_queue:
            raise Overloaded("Too much is waiting to be stored. Try again in a moment.")
        future: asyncio.Future[list[Result | Exception]] = asyncio.get_running_loop().create_future()
        self._queue.append((items, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain())
        return await future  # a caller that gives up takes nothing back: its items are in the queue

    async def drain(self) -> None:
        """Wait until everything that was submitted has been committed or refused."""
        while self._worker is not None:
            await asyncio.wait({self._worker})

    async def _drain(self) -> None:
        try:
            while self._queue:
                await self._run(self._next())
        finally:
            self._worker = None

    def _next(self) -> list[_Unit[Item, Result]]:
        batch = [self._queue.popleft()]
        size = len(batch[0][0])
        while self._queue and size + len(self._queue[0][0]) <= self._max_batch:
            batch.append(self._queue.popleft())
            size += len(batch[-1][0])
        return batch

    async def _run(self, batch: list[_Unit[Item, Result]]) -> None:
        try:
            results = await self._commit_all([item for unit, _ in batch for item in unit])
        except (StoreUnavailable, Overloaded) as error:
            _refuse(batch, error)
        except Exception as error:
            if len(batch) == 1:
                _refuse(batch, error)
                return
            for alone in batch:
                await self._run([alone])
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        else:
            _settle(batch, results)

    async def _commit_all(self, items: Sequence[Item]) -> Sequence[Result | Exception]:
        results = await self._commit(items)
        if len(results) != len(items):
            raise ValueError(f"A commit of {len(items)} items gave a list that is shorter or longer: {len(results)}.")
        return results


def _settle(batch: Sequence[_Unit[Any, Result]], results: Sequence[Result | Exception]) -> None:
    place = 0
    for items, future in batch:
        own = list(results[place : place + len(items)])
        place += len(items)
        if not future.cancelled():
            future.set_result(own)


def _refuse(batch: Sequence[_Unit[Any, Any]], error: Exception) -> None:
    for _, future in batch:
        if not future.cancelled():
            future.set_exception(error)
            future.exception()  # the caller may be gone: then nobody else reads it
