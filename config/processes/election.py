"""Of the processes that share a database, the one that does what needs doing once. A lone process is always elected."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from core.domain.errors import HubError, StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.leases import Leases

log = structlog.get_logger(__name__)

_LEASE = 30.0  # seconds: so much later somebody else goes on where a process died
_PAUSE = 1.0  # seconds between two tries


class Election:
    """``leases`` is None where no other process can be about."""

    def __init__(self, leases: Leases | None = None, process: str = "") -> None:
        self._leases = leases
        self._process = process
        self._here: dict[str, asyncio.Lock] = {}

    async def won(self, name: str, seconds: float) -> bool:
        """Whether ``name`` is this process's for so long from now. False also while the database is away."""
        if self._leases is None:
            return True
        try:
            return await self._leases.hold(name, self._process, seconds)
        except StoreUnavailable as error:
            log.warning("election.store_unavailable", name=name, error=error.detail)
            return False

    async def give_back(self, name: str) -> None:
        """Let others have it at once, where the database can be told."""
        if self._leases is not None:
            with contextlib.suppress(HubError):
                await self._leases.let_go(name, self._process)

    @asynccontextmanager
    async def held(self, name: str, *, seconds: float = _LEASE, pause: float = _PAUSE) -> AsyncIterator[None]:
        """Waits for its turn and keeps it until the end of the block. What is done in it must bear being done twice:

        a process that was frozen for longer than the lease goes on beside its successor. Within a process one has it at a time,
        too: the first of two to end would give away what the other still holds.
        """
        async with self._here.setdefault(name, asyncio.Lock()):
            while not await self.won(name, seconds):  # noqa: ASYNC110 - it is another process that lets go
                await asyncio.sleep(pause)
            keeper = asyncio.create_task(self._keep(name, seconds), name=f"keeping {name}")
            try:
                yield
            finally:
                try:
                    await end_tasks(keeper)  # who is cancelled at this moment goes no further
                finally:
                    await self.give_back(name)

    async def _keep(self, name: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            await self.won(name, seconds)
