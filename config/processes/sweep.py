"""What a worker tidies up once a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType

import structlog

from channels.forgetting import FORGETS
from config.processes.election import Election
from config.processes.loops import LoopTask
from core.attachments.stale_files import remove_stale
from core.ports.extractor import AttachmentStore
from core.ports.retention import Expiring, Page, Place
from core.storage.contact_routes import LAPSE
from core.storage.store import SqlStore

log = structlog.get_logger(__name__)

_DAY = 86_400.0
_HOUR = 3_600.0
_ELECTED = "daily sweep"
_ROWS = 200
_MEMORY = (Expiring.FACTS, Expiring.SUMMARIES)
_PAUSE = 0.02  # seconds between two pages, in which others get at the database
LONGEST_SESSION = 30 * _DAY
"""A widget that was away this long may still come back, showing half an answer that must then be taken back."""


def kept_for(days: int, memory_days: int = 0) -> Mapping[Expiring, float]:
    """Seconds after which each kind of row goes; none when everything is kept. ``memory_days``: of what is remembered."""
    memory = dict.fromkeys(_MEMORY, memory_days * _DAY) if memory_days else {}
    if not days:
        return memory
    ages = dict.fromkeys((kind for kind in Expiring if kind not in _MEMORY), days * _DAY) | memory
    ages[Expiring.FRAMES] = max(days * _DAY, LONGEST_SESSION + _DAY)
    ages[Expiring.CONTACTED] = max(days * _DAY, LAPSE)
    return ages


def unused_after(days: int) -> Mapping[str, Mapping[str, float]]:
    """Seconds after its last use by channel and kind; what rows of messages are kept for longer than it needs is as well."""
    if not days:
        return {}
    return {channel: {kind: max(age, days * _DAY) for kind, age in kinds.items()} for channel, kinds in FORGETS.items()}


async def remove_expired(records: SqlStore, what: Expiring, older_than: float, *, rows: int = _ROWS) -> int:
    """How many rows went, ``rows`` at most at once. Raises StoreUnavailable; what went until then is gone."""

    async def look(after: Place | None) -> Page:
        return await records.remove_expired(what, older_than, after=after, limit=rows)

    return await _page_by_page(look, what.value)


async def forget_unused(records: SqlStore, channel: str, ages: Mapping[str, float], *, rows: int = _ROWS) -> int:
    """How many of a channel's notes went. Raises StoreUnavailable."""

    async def look(after: Place | None) -> Page:
        return await records.forget_unused(channel, ages, after=after, limit=rows)

    return await _page_by_page(look, f"notes of {channel}")


async def _page_by_page(look: Callable[[Place | None], Awaitable[Page]], kind: str) -> int:
    removed = 0
    after: Place | None = None
    try:
        while True:
            page = await look(after)
            removed += page.removed
            if page.upto is None:
                return removed
            after = page.upto
            await asyncio.sleep(_PAUSE)
    finally:
        if removed:
            log.info("sweep.rows_removed", kind=kind, count=removed)


class DailySweep:
    """At the start and then every day, by one of the processes that share the database; an error leaves the rest to the next.

    The others look every hour whether it is still there: what it was in the middle of when it died, one of them does.
    """

    def __init__(
        self,
        records: SqlStore,
        files: AttachmentStore,
        *,
        every: float = _DAY,
        age: float = _DAY,
        ages: Mapping[Expiring, float] = MappingProxyType({}),
        unused: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
        election: Election | None = None,
    ) -> None:
        self._records = records
        self._files = files
        self._every = every
        self._age = age
        self._ages = ages
        self._unused = unused
        self._election = election or Election()
        self._sweeping = False
        self._loop = LoopTask()

    def start(self) -> None:
        """Returns at once."""
        self._loop.begin(self._run(), "daily sweep")

    async def stop(self) -> None:
        """End it, wherever it is; what it was in the middle of is anybody's at once."""
        await self._loop.end()
        if self._sweeping:
            await self._election.give_back(_ELECTED)

    async def _run(self) -> None:
        while True:
            if await self._election.won(_ELECTED, _HOUR):
                await self._sweep()
                await asyncio.sleep(self._every)
            else:
                await asyncio.sleep(min(self._every, _HOUR))

    async def _sweep(self) -> None:
        """Elected for an hour at a time, and once everything is done for what is left of the day."""
        self._sweeping = True
        await _tried(self._remove_files())
        steps = [partial(remove_expired, self._records, what, age) for what, age in self._ages.items()]
        steps += [partial(forget_unused, self._records, channel, ages) for channel, ages in self._unused.items()]
        for step in steps:
            if not await self._election.won(_ELECTED, _HOUR):
                break  # it took so long that somebody else goes on with it
            await _tried(step())
        else:
            await self._election.won(_ELECTED, self._every * 0.99)
        self._sweeping = False

    async def _remove_files(self) -> None:
        removed = await remove_stale(self._records, self._files, self._age)
        if removed:
            log.info("sweep.files_removed", count=removed)


async def _tried(step: Awaitable[object]) -> None:
    """What fails keeps nothing else from its turn."""
    try:
        await step
    except Exception as error:
        log.warning("sweep.failed", error=str(error))
