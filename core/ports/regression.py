"""What a new answer would do to those that customers get already."""

from __future__ import annotations

from typing import Protocol

from core.domain.learning import Compared


class Regression(Protocol):
    """Nothing is written for the trial."""

    async def compare(self, question: str, answer: str) -> Compared:
        """The known questions whose right answer comes first now, and would not with this entry.

        Raises KnowledgeUnavailable where it cannot be told.
        """
