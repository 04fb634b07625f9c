"""What a search looks at: one epoch of the knowledge in a handful of arrays. The index provides it.

A search is exact and in memory: 34,000 vectors of 384 numbers are 52 MB and one product of a few milliseconds, a filter is
a mask over the same rows, and nothing of it decays when documents change. Contents stay in the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.search.arrays import Arrays


@dataclass(frozen=True, slots=True)
class PassageText:
    """The words of a passage. ``unit``: it is whole in itself (an entry of a FAQ), so its document says nothing of it."""

    title: str
    section: str | None
    content: str
    language: str | None = None
    unit: bool = False


class Corpus(Protocol):
    """One epoch of the knowledge, unchanging: its numbers in memory, and a way to its texts."""

    @property
    def epoch(self) -> int:
        """Rises with each run that changed something."""

    @property
    def arrays(self) -> Arrays:
        """What a search looks at."""

    def texts(self) -> Iterator[PassageText]:
        """Every passage in the order of rows, for the index of words; read once for each epoch."""

    def passages(self, rows: Sequence[int]) -> Sequence[Passage]:
        """The few that are returned, in the order of ``rows``; their score is not looked at.

        Their audience is the one that they have now: what was closed since this epoch began is for staff.
        """


@dataclass(frozen=True, slots=True)
class Filters:
    """What may be found. The audience has no default: who asks must say for whom.

    ``language`` leaves out what is known to be in another one.
    """

    audience: KnowledgeAudience
    category: str | None = None
    language: str | None = None
