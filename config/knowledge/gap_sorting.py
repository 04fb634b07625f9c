"""Sorts what was not answered by its meaning, while the hub runs and its model is loaded."""

from __future__ import annotations

import asyncio

import structlog

from config.processes.loops import LoopTask
from core.domain.errors import KnowledgeUnavailable, StoreUnavailable
from core.ports.gaps import Gaps
from knowledge.gaps.sorter import GapSorter
from knowledge.open import Knowledge

log = structlog.get_logger(__name__)

_POLL = 5.0


class GapSorting:
    """A loop of a worker. Where the model is off or still loading, questions wait and are compared by their words."""

    def __init__(self, sorter: GapSorter, *, poll: float = _POLL) -> None:
        self._sorter = sorter
        self._poll = poll
        self._loop = LoopTask()

    def start(self) -> None:
        """Returns at once."""
        self._loop.begin(self._run(), "gap sorting")

    async def stop(self) -> None:
        """What is not sorted yet is sorted after the next start."""
        await self._loop.end()

    async def _run(self) -> None:
        while True:
            if not await self._some():
                await asyncio.sleep(self._poll)

    async def _some(self) -> bool:
        """Whether there may be more at once."""
        try:
            done = await self._sorter.once()
        except KnowledgeUnavailable:
            return False
        except StoreUnavailable as error:
            log.warning("gaps.store_unavailable", error=error.detail)
            return False
        except Exception:  # a loop that ends here would never sort again until the next start
            log.exception("gaps.failed")
            return False
        if done:
            log.info("gaps.sorted", questions=done)
        return done > 0


def make_gap_sorting(gaps: Gaps, knowledge: Knowledge) -> GapSorting:
    """Not started yet."""
    return GapSorting(GapSorter(gaps, knowledge.likeness))
