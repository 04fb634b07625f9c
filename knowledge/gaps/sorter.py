"""Puts new questions into clusters by their meaning, a few at a time, beside the customers who ask."""

from __future__ import annotations

import asyncio
from typing import Protocol

from core.domain.gaps import Leader
from core.ports.gaps import Gaps, Likeness
from knowledge.gaps.sorting import Likenesses, Question, Sorted, sort, worth_comparing

_AT_ONCE = 24
_TRIES = 3


class Unsorted(Protocol):
    """A question as it is kept."""

    @property
    def message_id(self) -> str: ...

    @property
    def looked_up(self) -> str: ...


def question_of(gap: Unsorted) -> Question:
    """As it was looked up: that is understood by itself."""
    return Question(gap.message_id, gap.looked_up)


class GapSorter:
    """Any process may do it: what was decided on clusters that another has made more of meanwhile is decided anew."""

    def __init__(self, gaps: Gaps, likeness: Likeness) -> None:
        self._gaps = gaps
        self._likeness = likeness

    async def once(self) -> int:
        """How many were sorted. Raises StoreUnavailable, and KnowledgeUnavailable while the model is loading or off."""
        for _ in range(_TRIES):
            found = [question_of(one) for one in await self._gaps.unsorted_gaps(_AT_ONCE)]
            if not found:
                return 0
            leaders = list(await self._gaps.gap_leaders())
            done = await self._sorted(found, leaders)
            if await self._gaps.sort_gaps(done.places, done.leaders, [one.id for one in leaders]):
                return len(found)
        return 0

    async def _sorted(self, questions: list[Question], leaders: list[Leader]) -> Sorted:
        texts = [one.text for one in questions]
        near = await asyncio.to_thread(worth_comparing, questions, leaders)
        rows = await self._likeness.cosines(texts, [*(one.question for one in near), *texts])
        likenesses = Likenesses(near, questions, rows)
        return await asyncio.to_thread(sort, questions, leaders, likenesses)
