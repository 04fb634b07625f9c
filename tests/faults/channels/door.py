"""A provider's side of one channel: customers come in through it, and read there what the hub sends."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.faults.channels.weather import Weather
from tests.servers.hub import Hub


class Door(Protocol):
    """``counts``: what the provider did on its side, for the report. ``asks``: whether the hub can ask what became of a write."""

    name: str
    asks: bool
    counts: Counter[str]
    weather: Weather
    pause: int

    def settings(self, hub: str) -> Mapping[str, str]:
        """The hub's settings; ``hub`` is its origin."""
        ...

    async def admit(self, hub: Hub, people: Sequence[str]) -> None:
        """Before anybody writes."""
        ...

    async def write(self, tag: str, text: str) -> None:
        """A customer writes. Returns when the provider may let the same customer's next message follow."""
        ...

    def read(self, tag: str) -> Sequence[str]:
        """What stands there for that customer by the hub, in order."""
        ...

    def tally(self) -> None:
        """Bring ``counts`` up to date."""
        ...

    async def close(self) -> None:
        """Deliver nothing any more."""
        ...


@dataclass
class Provider:
    """What all providers have.

    ``again``: the share of events that are delivered twice though they were taken. ``pause``: seconds in Retry-After.
    """

    rng: random.Random
    weather: Weather
    again: float
    pause: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    _late: set[asyncio.Task[None]] = field(default_factory=set)

    def repeat(self, deliver: Callable[[], Awaitable[Any]]) -> None:
        """Perhaps once more, some moments later, among whatever else is on its way then."""
        if self.rng.random() >= self.again:
            return
        self.counts["delivered again though taken"] += 1
        task = asyncio.create_task(self._later(deliver, self.rng.uniform(0.0, 1.5)))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def rest(self) -> None:
        """Between two tries to deliver."""
        await asyncio.sleep(self.rng.uniform(0.05, 0.3))

    async def rested(self) -> None:
        """What was to be delivered again is."""
        await asyncio.gather(*self._late, return_exceptions=True)

    def tally(self) -> None:
        """See Door.tally."""

    async def close(self) -> None:
        """See Door.close."""
        late = list(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _later(self, deliver: Callable[[], Awaitable[Any]], seconds: float) -> None:
        await asyncio.sleep(seconds)
        await deliver()
