"""For those who write documents: files of folders on this machine are indexed as soon as they change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from config.knowledge.source_jobs import ScheduledSource
from core.domain.errors import HubError
from core.end_tasks import end_tasks
from knowledge.sources import READABLE
from knowledge.sources.files import IGNORED_FOLDERS, before_magic

log = structlog.get_logger(__name__)

_QUIET = 300
"""Milliseconds without a change after which what has changed is told (watchfiles, ``step``)."""
_LONGEST = 5_000
"""Milliseconds after which it is told although files go on changing (``debounce``)."""
_LOOK = 5_000
"""Milliseconds between two looks whether a folder is there that was not, or is another one (``rust_timeout``)."""
_PAUSE = 30.0

Ask = Callable[[str], Awaitable[object]]


class Watcher:
    """A loop of the process that holds the index. ``ask``: have this source read again."""

    def __init__(self, sources: Iterable[ScheduledSource], ask: Ask) -> None:
        local = [source for source in sources if not source.options.remote]
        self._places = {source.root: before_magic(Path(source.root)) for source in local}
        self._ask = ask
        self._task: asyncio.Task[None] | None = None
        self.watching = asyncio.Event()

    def start(self) -> None:
        """Returns at once."""
        if self._places:
            self._task = asyncio.create_task(self._run(), name="watching files")

    async def stop(self) -> None:
        """What changes from now on is found by the run of the next start."""
        task, self._task = self._task, None
        await end_tasks(task)

    async def _run(self) -> None:
        while True:
            try:
                await self._watch()
            except Exception as error:  # such as fs.inotify.max_user_watches, which says so
                log.error("watch.failed", error=str(error), again_in=_PAUSE)
                await asyncio.sleep(_PAUSE)

    async def _watch(self) -> None:
        """Until a folder came, went, or is another one; then what is in it is looked at."""
        seen = self._seen()
        folders = {place if place.is_dir() else place.parent for place in self._places.values()}
        there = [folder for folder in folders if folder.is_dir()]
        if not there:
            await asyncio.sleep(_LOOK / 1000)
        async for changed in _changes(there):
            self.watching.set()
            await self._tell(self._about(changed))
            now = self._seen()
            if now != seen:
                await self._tell([root for root in self._places if now.get(root) != seen.get(root)])
                return

    def _seen(self) -> dict[str, tuple[int, int]]:
        found = {}
        for root, place in self._places.items():
            with contextlib.suppress(OSError):
                state = (place if place.is_dir() else place.parent).stat()
                found[root] = (state.st_dev, state.st_ino)
        return found

    def _about(self, changed: Sequence[Path]) -> list[str]:
        return [root for root, place in self._places.items() if any(_is_read(path, place) for path in changed)]

    async def _tell(self, roots: Sequence[str]) -> None:
        for root in roots:
            try:
                await self._ask(root)
            except HubError as error:
                log.warning("watch.not_asked", source=root, error=error.detail)


async def _changes(folders: Sequence[Path]) -> AsyncIterator[list[Path]]:
    """What has changed, whenever it is quiet again; nothing, now and then."""
    if not folders:
        return
    watching = awatch(
        *folders, watch_filter=_is_document, debounce=_LONGEST, step=_QUIET, rust_timeout=_LOOK, yield_on_timeout=True
    )
    yield []
    async for found in watching:
        yield [Path(path) for _, path in found]


def _is_document(_change: Change, path: str) -> bool:
    """What a folder is indexed for, and what has no ending: folders, which may be moved as a whole."""
    suffix = Path(path).suffix.lower()
    return suffix in READABLE or not suffix


def _is_read(path: Path, place: Path) -> bool:
    """Whether a run would look there, and not pass by it as by what editors and repositories keep in their folders."""
    if not path.is_relative_to(place):
        return False
    below = path.relative_to(place).parts
    return not any(part.startswith((".", "~$")) or part in IGNORED_FOLDERS for part in below)
