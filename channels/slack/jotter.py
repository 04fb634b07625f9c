"""Small things to remember that may wait a moment: the newest of each is written, not every one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

import structlog

from channels.slack.place import CHANNEL
from core.domain.errors import StoreUnavailable
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_GATHER = 0.25
_MOST = 10_000
_log = structlog.get_logger(__name__)


class Jotter:
    """What is lost when the process is killed makes catching up read a little more, and is otherwise a convenience."""

    def __init__(self, memory: ChannelMemory, account: str, clock: Clock) -> None:
        self._memory = memory
        self._account = account
        self._clock = clock
        self._notes: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def jot(self, key: str, value: str) -> None:
        """Remember it soon."""
        if len(self._notes) < _MOST or key in self._notes:
            self._notes[key] = value
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_soon())

    def noted(self, keys: Iterable[str]) -> dict[str, str]:
        """What of these is not written yet."""
        return {key: self._notes[key] for key in keys if key in self._notes}

    async def flush(self) -> None:
        """Write all of it now. Raises StoreUnavailable."""
        while self._notes:
            key, value = next(iter(self._notes.items()))
            await self._memory.remember(CHANNEL, self._account, key, value)
            if self._notes.get(key) == value:
                del self._notes[key]

    async def close(self) -> None:
        """Write what is left, if the database listens."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(StoreUnavailable):
            await self.flush()

    async def _write_soon(self) -> None:
        await self._clock.sleep(_GATHER)
        try:
            await self.flush()
        except StoreUnavailable as error:
            _log.warning("slack.not_remembered", error=error.detail, notes=len(self._notes))
