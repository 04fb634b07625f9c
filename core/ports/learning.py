"""Answers of staff on their way into the knowledge base: drafted, tried against what is known, kept, and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.learning import Compared, LearnedAnswer


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


class Regression(Protocol):
    """Nothing is written for the trial."""

    async def compare(self, question: str, answer: str) -> Compared:
        """The known questions whose right answer comes first now, and would not with this entry.

        Raises KnowledgeUnavailable where it cannot be told.
        """


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry of a FAQ, for a person to look at."""

    question: str
    answer: str


class Drafter(Protocol):
    """Never raises, and is done within seconds."""

    async def draft(self, question: str, answer: str) -> Draft | None:
        """The question so that it is understood by itself, the answer so that it holds for everybody.

        ``[…]`` stands for what was taken out of either. None where there is no draft that may be shown.
        """
