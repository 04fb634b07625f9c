"""Does what is due about cases. Any process may: a timer is one's alone until its lease ends, and its outcome is one commit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from core.domain.delivery import backoff
from core.domain.errors import ChannelError, StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.timers import DecideTimer, DueTimer, Timers
from core.ports.wake import OUTBOX, WIDGET, Wake

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TimerSettings:
    """Seconds. ``lease``: a process that dies over a timer is replaced that much later. ``poll``: how late one may be."""

    lease: float = 10.0
    poll: float = 1.0
    batch: int = 20


class TimerLoop:
    """One per worker process. ``decide`` writes nothing: killed on any line, the timer comes due again.

    ``prepare``: what has to be set before anything can come due by itself; done once, again until it succeeds.
    """

    def __init__(
        self,
        timers: Timers,
        decide: DecideTimer,
        wake: Wake,
        settings: TimerSettings | None = None,
        *,
        prepare: Callable[[], Awaitable[None]] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._timers = timers
        self._decide = decide
        self._wake = wake
        self._settings = settings or TimerSettings()
        self._prepare = prepare
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._task: asyncio.Task[None] | None = None
        self._working = asyncio.Lock()

    def start(self) -> None:
        """Begin to look for timers that are due."""
        self._task = asyncio.create_task(self._loop(), name="timers")

    async def stop(self) -> None:
        """What is under way ends first."""
        task, self._task = self._task, None
        if task is None:
            return
        async with self._working:
            task.cancel()
        await end_tasks(task)

    async def once(self) -> int:
        """Do what is due now. How many timers that were. Raises StoreUnavailable."""
        found = await self._timers.due_timers(self._settings.batch, self._settings.lease)
        for due in found:
            await self._one(due)
        return len(found)

    async def _loop(self) -> None:
        failures = 0
        while True:
            try:
                async with self._working:
                    await self._prepared()
                    found = await self.once()
                failures = 0
            except Exception as error:  # whatever it is, nobody is reminded by a loop that has ended
                failures += 1
                _say(error)
                await asyncio.sleep(backoff(failures, self._rng, first=0.2, cap=10.0))
                continue
            if found < self._settings.batch:
                await asyncio.sleep(self._settings.poll)

    async def _prepared(self) -> None:
        if self._prepare is not None:
            await self._prepare()
            self._prepare = None

    async def _one(self, due: DueTimer) -> None:
        """One that fails leaves the others alone, and comes due again."""
        timer = due.timer
        try:
            decision = await self._decide(timer)
            finished = await self._timers.finish_timer(due, decision)
        except StoreUnavailable:
            raise
        except ChannelError as error:
            log.warning("timer.later", case=timer.case_id, kind=str(timer.kind), error=error.detail)
            return
        except Exception:
            log.exception("timer.failed", case=timer.case_id, kind=str(timer.kind))
            return
        if not finished.held or finished.outdated:
            log.info("timer.overtaken", case=timer.case_id, kind=str(timer.kind))
            return
        if decision.cross_writes:
            self._wake.notify(OUTBOX)
        for cross_write in decision.cross_writes:
            if cross_write.transition is not None:
                self._wake.notify(WIDGET, cross_write.conversation.conversation_id)


def _say(error: Exception) -> None:
    if isinstance(error, StoreUnavailable):
        log.warning("timers.store_unavailable", error=error.detail)
    else:
        log.error("timers.failed", exc_info=error)
