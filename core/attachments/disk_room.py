"""Room for files on the disk of DATA_DIR. Files are refused before it is full, so that text can still be stored."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.domain.attachments import human_size
from core.domain.errors import NoRoom

log = structlog.get_logger(__name__)

_FRESH = 60.0
"""Seconds after which the folder is measured again; files stored meanwhile are added to the last measure."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes. ``used`` is the size of the folder, 0 where no quota asks for it. ``free`` on its disk."""

    used: int
    free: int


class DiskRoom:
    """``quota`` is the most that ``folder`` may hold (0: what the disk holds), ``reserve`` what stays free on its disk.

    Exact for the files of this process; processes that share the folder learn of each other's within a minute.
    """

    def __init__(self, folder: Path, *, quota: int = 0, reserve: int = 0) -> None:
        self._folder = folder
        self._quota = quota
        self._reserve = reserve
        self._used = 0
        self._since = 0
        self._coming = 0
        self._measured_at: float | None = None
        self._walking = asyncio.Lock()

    @asynccontextmanager
    async def space(self, size: int) -> AsyncIterator[None]:
        """Hold ``size`` bytes while a file is written. Raises NoRoom."""
        use = await self.measure()
        if (reason := self._refusal(use, size)) is not None:
            log.warning("disk.no_room", reason=reason)
            raise NoRoom("There is no room for files now. Send your message without the file, or try later.")
        self._coming += size
        try:
            yield
        finally:
            self._coming -= size

    def stored(self, size: int) -> None:
        """Count a file that was stored."""
        self._since += size

    async def measure(self) -> DiskUse:
        """What is used and free now."""
        if self._quota > 0:
            async with self._walking:  # wait for the first measure before a file is admitted
                await self._walk_when_old()
        free = await asyncio.to_thread(_free, self._folder)
        return DiskUse(self._used + self._since, free)

    async def _walk_when_old(self) -> None:
        now = time.monotonic()
        if self._measured_at is not None and now - self._measured_at < _FRESH:
            return
        counted = self._since
        self._used = await asyncio.to_thread(_size_of, self._folder)
        self._measured_at = now
        self._since -= counted

    async def trouble(self, size: int) -> str | None:
        """Why a file of that size would be refused now, in words for operators; None if it would be taken."""
        reason = self._refusal(await self.measure(), size)
        return None if reason is None else f"files are refused: {reason}"

    def _refusal(self, use: DiskUse, size: int) -> str | None:
        if use.free - self._coming - size < self._reserve:
            return f"{human_size(use.free)} are free on the disk, and {human_size(self._reserve)} stay free"
        if 0 < self._quota < use.used + self._coming + size:
            return f"{human_size(use.used)} of {human_size(self._quota)} are used"
        return None


def _free(folder: Path) -> int:
    """Free bytes on the disk of the folder, or of its nearest ancestor that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _size_of(folder: Path) -> int:
    """The size of all files below the folder. Files that disappear meanwhile are skipped."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(place, name).lstat().st_size
    return total
