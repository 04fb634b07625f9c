"""What a channel remembers a moment later, many keys in one transaction; what was used lately is known without asking."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from itertools import islice

import structlog

from channels.bounded import Bounded
from core.domain.errors import Overloaded, StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_GATHER = 10.0
_SOON = 0.5
_MOST = 10_000
_AT_ONCE = 500
_LATELY = 600.0
"""Seconds in which what other processes wrote may be missed."""
_ABSENT = "alias/", 60.0
"""Of these it is also kept, for so many seconds, that there is none: they are asked for with each direct message."""
_log = structlog.get_logger(__name__)


class WriteBehindCache:
    """Values that may be lost when the process is killed. They wait some seconds for others, so that a message costs no
    transaction of theirs.
    """

    def __init__(self, memory: ChannelMemory, channel: str, account: str, clock: Clock) -> None:
        self._memory = memory
        self._channel = channel
        self._account = account
        self._clock = clock
        self._pending: dict[str, str] = {}
        self._lately: Bounded[str, tuple[float, str]] = Bounded(_MOST)
        self._task: asyncio.Task[None] | None = None
        self._writes_at: float | None = None
        self._soon = False

    def put(self, key: str, value: str, *, soon: bool = False) -> None:
        """Write it later. ``soon``: other processes ask for it within a second."""
        if len(self._pending) < _MOST or key in self._pending:
            self._pending[key] = value
        self._keep(key, value)
        wait = _SOON if soon or len(self._pending) >= _AT_ONCE else _GATHER
        at = self._clock.monotonic() + wait
        if self._writes_at is not None and at < self._writes_at and self._task is not None:
            self._task.cancel()  # it sleeps
        elif self._task is not None and not self._task.done():
            self._soon = self._soon or wait == _SOON
            return
        self._writes_at = at
        self._task = asyncio.create_task(self._write_later(wait))

    async def write(self, key: str, value: str) -> None:
        """Write it now. Raises StoreUnavailable."""
        await self._memory.remember(self._channel, self._account, key, value)
        self._keep(key, value)

    async def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Those of the keys that are known, as this process knew them lately. Raises StoreUnavailable."""
        before = {key: self._known_lately(key) for key in keys}
        if unknown := [key for key, value in before.items() if value is None]:
            kept = await self._memory.recall_many(self._channel, self._account, unknown)
            for key in unknown:
                if self._known_lately(key) is None and (key in kept or key.startswith(_ABSENT[0])):
                    self._keep(key, kept.get(key, ""))
        found = {key: self._known_lately(key) or value for key, value in before.items()}
        return {key: value for key, value in found.items() if value}

    def _known_lately(self, key: str) -> str | None:
        if key in self._pending:
            return self._pending[key]
        until, value = self._lately.get(key, (0.0, None))
        return value if self._clock.monotonic() < until else None

    def _keep(self, key: str, value: str) -> None:
        self._lately[key] = self._clock.monotonic() + (_LATELY if value else _ABSENT[1]), value

    async def flush(self) -> None:
        """Write all of it now. Raises StoreUnavailable."""
        while self._pending:
            await self._write(_AT_ONCE)

    async def close(self) -> None:
        """Write what is left, if the database is available."""
        await end_tasks(self._task)
        with contextlib.suppress(StoreUnavailable, Overloaded):
            await self.flush()

    async def _write(self, most: int) -> None:
        written = dict(islice(self._pending.items(), most))
        await self._memory.remember_many(self._channel, self._account, written)
        for key, value in written.items():
            if self._pending.get(key) == value:
                del self._pending[key]

    async def _write_later(self, wait: float) -> None:
        """Once for what waits then, and again as long as something does: also when the database was away."""
        while True:
            await self._clock.sleep(wait)
            self._writes_at = None
            try:
                await self._write(_MOST)
            except (StoreUnavailable, Overloaded) as error:
                _log.warning(
                    "channel.not_remembered", channel=self._channel, error=error.detail, keys=len(self._pending)
                )
            except Exception:
                _log.exception("channel.not_remembered", channel=self._channel, keys=len(self._pending))
            if not self._pending:
                return
            wait, self._soon = _SOON if self._soon else _GATHER, False
            self._writes_at = self._clock.monotonic() + wait
