"""Who of the staff could be given a case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol


class Roster(Protocol):
    """What the staff's platform knows. Every method raises ChannelError."""

    async def who_reads(self, case_id: str) -> Collection[str]:
        """The ids of everybody who is where that case is shown. Raises StoreUnavailable as well."""

    async def is_staff(self, staff_id: str, *, is_there: bool) -> bool:
        """Whether they work here; ``is_there``: and are not away just now."""

    async def named_in(self, words: Sequence[str]) -> Sequence[str]:
        """The ids of those whom these words name, by an id of the platform or an e-mail address, in that order."""
