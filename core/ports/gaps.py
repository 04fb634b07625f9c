"""What was not answered: kept with the turns and ratings that tell it, sorted into clusters, and shown to staff."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.gaps import Gap, GapReport, Leader, StaffAnswer, Taught


class Gaps(Protocol):
    """The store's part. Every method is one transaction, and raises StoreUnavailable."""

    async def gaps(self) -> Sequence[Gap]:
        """All that are kept, the oldest first, without those whose message the customer has deleted."""

    async def unsorted_gaps(self, limit: int) -> Sequence[Gap]:
        """Those that are in no cluster yet, the oldest first."""

    async def gap_leaders(self) -> Sequence[Leader]:
        """All clusters, the oldest first."""

    async def sort_gaps(self, places: Mapping[str, str], new: Sequence[Leader], known: Collection[str]) -> bool:
        """Put questions (by the id of their message) into clusters, of which ``new`` are made with it.

        ``known``: ids of the clusters that it was decided on. False, with nothing written, where there are others by now
        or a question of ``new`` was erased.
        """

    async def close_gaps(self, leader: Leader, members: Sequence[str], answer: str) -> bool:
        """Somebody has seen to a cluster: what was asked until now is done. False where nothing of it is left.

        An empty ``answer`` says nothing new: what was said when it was closed before stays.
        """

    async def staff_answers(self, conversations: Collection[str]) -> Mapping[str, Sequence[StaffAnswer]]:
        """What staff did about conversations, by their ids."""

    async def taught(self) -> Sequence[Taught]:
        """What is in the knowledge base by them, or waits for their decision, of all conversations; the oldest first."""


class Likeness(Protocol):
    """Compares what questions mean."""

    async def cosines(self, texts: Sequence[str], among: Sequence[str]) -> Sequence[Sequence[float]]:
        """For each text a row: its cosine to each of ``among``. Raises KnowledgeUnavailable."""


class GapBook(Protocol):
    """What staff and operators see. Raises StoreUnavailable."""

    async def report(self, since: datetime | str | None = None, *, closed: bool = False) -> GapReport:
        """Clusters in which something was asked after ``since``, counted from then on. ``closed``: also what is done with.

        Raises InvalidInput for a text that says no time (see ``since_of``).
        """

    async def close(self, cluster_id: str, answer: str) -> bool:
        """It is done with, until somebody asks again. False when there is no such cluster. See Gaps.close_gaps."""
