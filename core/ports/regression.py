"""What a new answer would do to those that customers get already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.learning import Displaced


class Regression(Protocol):
    """Nothing is written for the trial."""

    async def displaced(self, question: str, answer: str) -> Sequence[Displaced]:
        """The known questions whose right answer comes first now, and would not with this entry.

        Raises KnowledgeUnavailable where it cannot be told.
        """
        ...
