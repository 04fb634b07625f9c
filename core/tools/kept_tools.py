"""The tools of servers that come and go, kept up to date in the background: no start and no customer waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core.agent.tools import Tool, by_name
from core.end_tasks import end_tasks
from core.ports.metrics import Gauge, Metrics

logger = logging.getLogger(__name__)


Publish = Callable[[Iterable[Tool], Mapping[str, str]], None]
"""Takes what a server gives at the moment, and why it does not give others, by their names."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


@dataclass(slots=True, eq=False)
class KeptTools:
    """Of one server. ``connect`` gives its tools to what it is called with, and ends when the connection does.
    ``adjust``: makes them what the settings want, and says why it leaves some out.

    What it gave last stays here while the server is away: a call then says so, where a missing tool would say nothing.
    """

    name: str
    connect: Callable[[Publish], Awaitable[None]]
    adjust: Callable[[Iterable[Tool]], tuple[Iterable[Tool], Mapping[str, str]]]
    metrics: Metrics
    tools: Mapping[str, Tool] = field(default_factory=dict, init=False)
    left_out: Mapping[str, str] = field(default_factory=dict, init=False)
    _pause: float = field(default=_FIRST_PAUSE, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """From here on it connects."""
        self._task = asyncio.create_task(self._keep())

    async def once(self) -> None:
        """Get the tools of one connection, and end it. Raises what it fails with."""
        found: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def publish(tools: Iterable[Tool], left_out: Mapping[str, str]) -> None:
            self._publish(tools, left_out)
            if not found.done():
                found.set_result(None)

        connection = asyncio.ensure_future(self.connect(publish))
        try:
            await asyncio.wait((connection, found), return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                connection.result()
        finally:
            connection.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await connection

    async def aclose(self) -> None:
        """End the connection."""
        await end_tasks(self._task)

    def _publish(self, tools: Iterable[Tool], left_out: Mapping[str, str]) -> None:
        known = self.tools.keys(), self.left_out
        wanted, others = self.adjust(tools)
        self.tools, self.left_out = by_name(wanted), {**left_out, **others}
        self.metrics.gauge(Gauge.TOOL_SERVER_TOOLS, len(self.tools), server=self.name)
        if known != (self.tools.keys(), self.left_out):
            logger.info("tools of a server: %s", self.summary, extra={"server": self.name})

    @property
    def summary(self) -> str:
        """Its tools, and those that cannot be used, with the reason."""
        without = "; ".join(f"{name} is left out: {reason}" for name, reason in self.left_out.items())
        return "; ".join(part for part in (", ".join(self.tools) or "no tools", without) if part)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            try:
                await self.connect(self._publish)
            except Exception as error:
                logger.warning("a tool server failed: %s", reason_of(error), extra={"server": self.name})
            if loop.time() - since > _LONGEST_PAUSE:
                self._pause = _FIRST_PAUSE
            await asyncio.sleep(self._pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, guards nothing
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)


def reason_of(error: BaseException) -> str:
    """What went wrong, of several things at once the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (str(error) or type(error).__name__)[:300]
