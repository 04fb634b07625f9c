"""Many refunds, of which each goes wrong in its own way, while the hub is killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from aiohttp import web

from tests.faults.points import Plan, Switches, died
from tests.faults.refunds.forgetful_model import NOT_MADE, PAID, UNKNOWN, Habit
from tests.faults.refunds.shopper import Shopper
from tests.servers.hub import Hub
from tests.servers.process import NotReady
from tests.servers.unreliable_proxy import Trouble, UnreliableProxy

_T = TypeVar("_T")
CALL = "refund_order"
POINTS: tuple[str | None, ...] = (
    *(f"{CALL}-started.{stage}" for stage in ("before", "written", "after")),
    *(f"{CALL}-finished.{stage}" for stage in ("before", "written", "after")),
    *(f"finish.{stage}" for stage in ("before", "written", "after")),
    *("@assistant-finished.after", "claim_deliveries.after", "settle.before", "settle.after", None),
)
"""Where the hub is killed: before the call, between its effect and its record, after that, while the answer is delivered."""
_AT_ONCE = 4
_LOOK_SECONDS = 0.02


def _bag(rng: random.Random, values: Sequence[_T]) -> Iterator[_T]:
    """Each of them equally often, in a random order."""
    while True:
        yield from rng.sample(values, len(values))


@dataclass
class Run:
    """What goes wrong in one refund. ``check``: of the first request that finds out what became of it."""

    trouble: Trouble
    check: Trouble
    habit: Habit
    posts: int
    impatient: bool
    read: list[str] = field(default_factory=list)


def runs_of(seed: int, count: int) -> list[Run]:
    """Random ones; each trouble and each habit is among them equally often."""
    rng = random.Random(seed)
    troubles, habits = _bag(rng, tuple(Trouble)), _bag(rng, tuple(Habit))
    checks = _bag(rng, (Trouble.NONE, Trouble.NONE, Trouble.CALLS_BEFORE, Trouble.CALLS_AFTER))
    return [
        Run(next(troubles), next(checks), next(habits), rng.choice((1, 1, 2, 3)), rng.random() < 0.2)
        for _ in range(count)
    ]


class Storm:
    """``kills``: how often the hub was killed, and where."""

    def __init__(self, hub: Hub, switches: Switches, proxy: UnreliableProxy, runs: Sequence[Run], seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self._hub = hub
        self._switches = switches
        self._runs = runs
        self._rng = random.Random(f"{seed}:kills")
        self._points = _bag(self._rng, POINTS)
        self._called = ""
        self._point: str | None = None
        self._met: set[tuple[str, int]] = set()
        proxy.trouble = self._trouble
        proxy.call_back = self._kill

    async def rage(self) -> None:
        """Until each customer was answered; then the hub is alive, and is killed no more."""
        await self._start()
        watching = asyncio.create_task(self._keep_alive())
        todo = iter(enumerate(self._runs, 1))
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http,
                asyncio.TaskGroup() as group,
            ):
                for _ in range(_AT_ONCE):
                    group.create_task(self._lane(http, todo))
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _lane(self, http: aiohttp.ClientSession, todo: Iterator[tuple[int, Run]]) -> None:
        for number, run in todo:
            shopper = Shopper(http, self._hub.url, number, posts=run.posts, impatient=run.impatient)
            run.read = await shopper.refund()

    async def _keep_alive(self) -> None:
        while True:
            if not self._hub.running:
                assert died(self._hub), self._hub.log_tail()
                self.kills[self._called or str(self._point)] += 1
                await self._start()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _start(self) -> None:
        self._called = ""
        self._point = point = next(self._points)
        self._switches.plan_next(Plan(point, self._rng.randint(1, 3)) if point else None)
        with contextlib.suppress(NotReady):  # some places are reached before the first health check
            await asyncio.to_thread(self._hub.start)

    def _kill(self) -> None:
        self._called = "while the call runs"
        self._hub.kill()

    def _trouble(self, request: web.Request, _body: bytes) -> Trouble:
        """Of the first request for each customer's refund, and of the first that checks it.

        The server works when the call is made again after a check: one that fails for good leaves it undone, and unknown.
        """
        number = int(request.path.split("/")[2].removeprefix("C"))
        run, is_first = self._runs[number - 1], (request.method, number) not in self._met
        was_checked = ("GET", number) in self._met
        self._met.add((request.method, number))
        if request.method == "GET":
            return run.check if is_first else Trouble.NONE
        return run.trouble if is_first and not was_checked else Trouble.NONE


def wrong_of(runs: Sequence[Run], refunds: Counter[str], proxy: UnreliableProxy) -> list[str]:
    """What a customer got twice or not at all, or was told falsely; empty when all is well."""
    wrong = []
    for number, run in enumerate(runs, 1):
        made, told = refunds[f"C{number:04}"], " ".join(run.read)
        if made != 1:
            asked = [one for one in proxy.requests if f"/C{number:04}/" in one[1]]
            wrong.append(f"run {number}: {made} refunds; {run}; asked: {asked}")
        if NOT_MADE in told or not (PAID in told or UNKNOWN in told):
            wrong.append(f"run {number} with {made} refunds is told {run.read}; {run}")
    return wrong
