"""What a search looks at: one epoch of the knowledge in a handful of arrays. The index provides it.

A search is exact and in memory: 34,000 vectors of 384 numbers are 52 MB and one product of a few milliseconds, a filter is
a mask over the same rows, and nothing of it decays when documents change. Contents stay in the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage


@dataclass(frozen=True, slots=True)
class PassageText:
    """The words of a passage. ``unit``: it is whole in itself (an entry of a FAQ), so its document says nothing of it."""

    title: str
    section: str | None
    content: str
    language: str | None = None
    unit: bool = False


class Corpus(Protocol):
    """One epoch of the knowledge, unchanging. Rows of passages follow documents, and inside one the order of reading."""

    @property
    def epoch(self) -> int:
        """Rises with each run that changed something."""

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(vectors, dimensions), each of length 1; one for each text, however many documents hold it."""

    @property
    def vector_of(self) -> NDArray[np.int32]:
        """(records,) the row in ``vectors``. A record is one embedded text that leads to a passage."""

    @property
    def passage_of(self) -> NDArray[np.int32]:
        """(records,) the row of the passage, rising."""

    @property
    def document_of(self) -> NDArray[np.int32]:
        """(passages,) the number of the document, rising from 0 without gaps."""

    @property
    def category_of(self) -> NDArray[np.int32]:
        """(passages,) a number of ``categories``, -1 for none."""

    @property
    def language_of(self) -> NDArray[np.int32]:
        """(passages,) a number of ``languages``, -1 for a passage whose language nobody said."""

    @property
    def staff_only(self) -> NDArray[np.bool_]:
        """(passages,) never shown to a customer."""

    @property
    def categories(self) -> Mapping[str, int]:
        """The key of each category (``category_key``) and its number."""

    @property
    def languages(self) -> Mapping[str, int]:
        """Two-letter codes (ISO 639-1) and their numbers."""

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
