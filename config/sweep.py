"""What a worker tidies up once a day."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from core.attachments.stale_files import StaleFiles, remove_stale
from core.ports.extractor import AttachmentStore

log = structlog.get_logger(__name__)

_DAY = 86_400.0


class DailySweep:
    """At the start and then every day. Several workers may do it at once; an error leaves the rest to the next day."""

    def __init__(self, records: StaleFiles, files: AttachmentStore, *, every: float = _DAY, age: float = _DAY) -> None:
        self._records = records
        self._files = files
        self._every = every
        self._age = age
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Returns at once."""
        self._task = asyncio.create_task(self._run(), name="daily sweep")

    async def stop(self) -> None:
        """End it, wherever it is."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                removed = await remove_stale(self._records, self._files, self._age)
            except Exception as error:
                log.warning("sweep.failed", error=str(error))
            else:
                if removed:
                    log.info("sweep.files_removed", count=removed)
            await asyncio.sleep(self._every)
