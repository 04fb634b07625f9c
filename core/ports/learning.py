"""What was learned from staff; it changes in the commits of the turns and timers that decide it, and by an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.learning import LearnedAnswer


class Learning(Protocol):
    """Every method is one transaction, and raises StoreUnavailable."""

    async def learned(self, case_id: str) -> LearnedAnswer | None:
        """What was proposed for a case, whatever became of it."""

    async def learned_answers(self) -> Sequence[LearnedAnswer]:
        """All that were approved, the oldest first."""

    async def approved_mark(self) -> str:
        """Another one whenever others are approved, for who looks every few seconds: it reads none of them.

        Somebody who corrects the words of one in the database leaves it as it is.
        """

    async def withdraw_answer(self, case_id: str, by: str) -> bool:
        """Nobody is to be answered with it any more. Whether anybody was: not where it is not approved."""
