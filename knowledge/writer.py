"""Changes the knowledge base by asking the knowledge process to run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from core.domain.errors import InvalidInput
from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.index.order import Origin
from knowledge.process.child import KnowledgeProcess, ProcessDied
from knowledge.process.frames import Frame
from knowledge.process.wire import progress_from, report_from
from knowledge.sources import resolve

_log = logging.getLogger("switchboard.knowledge")

_LOADING_TIMEOUT = 300.0
_TRIES = 3


class ProcessWriter:
    """Runs take turns; searches go on meanwhile, and see what a run did when it is done."""

    def __init__(self, process: KnowledgeProcess) -> None:
        self._process = process
        self._turn = asyncio.Lock()
        self.embeddings = 0
        """How many texts the last run sent through the model."""

    async def index(
        self,
        paths: Sequence[str],
        *,
        progress: Callable[[IndexProgress], None] | None = None,
        origin: Origin = Origin.NAMED,
        stand_in: str | None = None,
        drop_other_models: bool = True,
        confirm_deletions: bool = False,
        only: Sequence[str] = (),
    ) -> IndexReport:
        """Brings the index in line with ``paths``; see IndexOrder. Raises InvalidInput for no paths, KnowledgeUnavailable.

        A run that died with its process is taken up again: what it had finished is not done twice.
        """
        order = {
            "origin": origin.value,
            "stand_in": stand_in,
            "drop_other_models": drop_other_models,
            "confirm_deletions": confirm_deletions,
            "only": resolve(only),
        }
        return await self._ordered({"forget": False, "roots": _roots(paths), **order}, progress)

    async def close_for_staff(self, paths: Sequence[str]) -> int:
        """Customers find nothing any more of what is for staff now; it waits for no run of another process, nor for documents.

        How many documents that closed. Raises KnowledgeUnavailable.
        """
        await self._process.wait_ready(_LOADING_TIMEOUT, patient=True)
        answer: Frame = await self._process.call({"op": "close", "roots": resolve(paths)}, None)
        closed: int = answer["closed"]
        return closed

    async def forget(self, paths: Sequence[str]) -> IndexReport:
        """Takes the documents of ``paths`` out. Raises InvalidInput for no paths, KnowledgeUnavailable."""
        return await self._ordered({"forget": True, "roots": _roots(paths)}, None)

    async def _ordered(self, order: Frame, progress: Callable[[IndexProgress], None] | None) -> IndexReport:
        async with self._turn:
            for tries_left in reversed(range(_TRIES)):
                await self._process.wait_ready(_LOADING_TIMEOUT, patient=True)
                try:
                    return await self._run(order, progress)
                except ProcessDied:
                    if not tries_left:
                        raise
                    _log.warning("the index run was cut off; taking it up again")
        raise AssertionError("the last try returns or raises")

    async def _run(self, order: Frame, progress: Callable[[IndexProgress], None] | None) -> IndexReport:
        def tell(frame: Frame) -> None:
            if progress is not None:
                progress(progress_from(frame))

        answer: Frame = await self._process.call({"op": "index", **order}, None, tell)
        self._process.status.heard(answer)
        self.embeddings = answer["embeddings"]
        return report_from(answer["report"])


def _roots(paths: Sequence[str]) -> list[str]:
    roots = resolve([path for path in paths if path.strip()])
    if not roots:
        raise InvalidInput("name at least one file, folder or pattern to index")
    return roots
