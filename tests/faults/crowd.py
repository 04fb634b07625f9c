"""Many customers at once, and the judgement on what became of their messages."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.faults.checks import check_store, check_view, read_settled
from tests.faults.customer import Customer
from tests.patience import PATIENCE
from tests.servers.hub import Hub
from tests.soak_report import Report


class Crowd:
    """``servers`` may be changed while it runs: customers go where they are served."""

    def __init__(self, customers: Sequence[Customer], each: int) -> None:
        self.customers = customers
        self.each = each
        self._tasks = [asyncio.create_task(customer.run()) for customer in customers]

    @property
    def is_idle(self) -> bool:
        """Whether everything that may be written was answered."""
        return all(customer.is_idle for customer in self.customers)

    async def allow(self, more: int) -> None:
        """Everybody may write so many more."""
        for customer in self.customers:
            await customer.allow(more)

    async def acknowledged(self, upto: int, within: float = PATIENCE) -> None:
        """Until everybody's messages up to that number are acknowledged."""
        await self._everybody(lambda customer: customer.wait_acknowledged(upto), within)

    async def answered(self, upto: int, within: float = PATIENCE) -> None:
        """Until everybody's messages up to that number are answered."""
        await self._everybody(lambda customer: customer.wait_answered(upto), within)

    async def shown(self, epoch: int, within: float = PATIENCE) -> None:
        """Until everybody was shown something by a turn of at least that epoch."""
        await self._everybody(lambda customer: customer.wait_shown(epoch), within)

    async def _everybody(self, wait: Callable[[Customer], Coroutine[Any, Any, None]], within: float) -> None:
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*(wait(customer) for customer in self.customers))
        except TimeoutError:
            raise AssertionError(f"not within {within} s: {[str(customer) for customer in self.customers]}") from None

    async def finished(self, within: float) -> None:
        """Everybody writes the rest, and leaves when it is answered."""
        await self.allow(self.each)
        _, waiting = await asyncio.wait(self._tasks, timeout=within)
        left = [str(person) for person, task in zip(self.customers, self._tasks, strict=True) if task in waiting]
        assert not left, f"not answered within {within} s: {left}"
        for task in self._tasks:
            task.result()

    async def leave(self) -> None:
        """Go at once, whatever is outstanding."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def end(self, url: str, *hubs: Hub, within: float = 3 * PATIENCE, report: Report | None = None) -> None:
        """Everything is answered, the hubs stop well when they are asked to, and nothing went wrong on the way."""
        await self.finished(within)
        await read_settled(url)
        for hub in hubs:
            assert await asyncio.to_thread(hub.stop) == 0, hub.log_tail()
        await self.judge(url, report)

    async def judge(self, url: str, report: Report | None = None) -> None:
        """Fails when anything was lost, doubled or out of order, for the customers or in the database."""
        stored = await read_settled(url)
        wrong = {
            f"customer {place}": found
            for place, customer in enumerate(self.customers)
            if (found := check_view(customer.record))
        }
        if in_store := check_store(stored, len(self.customers), self.each):
            wrong["database"] = in_store[:20]
        if report is not None:
            self.describe(report)
            report.record("lost, doubled or out of order", sum(map(len, wrong.values())))
        assert not wrong, wrong

    def refusals(self) -> Counter[str]:
        """By code."""
        total: Counter[str] = Counter()
        for customer in self.customers:
            total.update(customer.record.refusals)
        return total

    def describe(self, report: Report) -> None:
        """The counts of this run."""
        records = [customer.record for customer in self.customers]
        report.record("customers", len(records))
        report.record("messages written", sum(record.total for record in records))
        report.record("messages sent again", sum(record.resent for record in records))
        report.record("connections opened", sum(record.connections for record in records))
        for code, count in sorted(self.refusals().items()):
            report.record(f"refused with {code}", count)


@asynccontextmanager
async def crowd(
    servers: Sequence[str], seed: int, *, customers: int, each: int, window: int = 3, posts: float = 0.3
) -> AsyncIterator[Crowd]:
    """So many customers with so many messages each; they write when they are allowed to."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as http:
        people = [
            Customer(servers, http, random.Random(f"{seed}:{place}"), each, window=window, posts=posts)
            for place in range(customers)
        ]
        found = Crowd(people, each)
        try:
            yield found
        finally:
            await found.leave()
