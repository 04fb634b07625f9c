"""Puts what was said to one customer into words for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


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
