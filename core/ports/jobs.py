"""How fresh the knowledge is, and having it read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from core.domain.jobs import Job, Push


class Freshness(Protocol):
    """All raise StoreUnavailable. ``zone``: in which times are shown."""

    @property
    def zone(self) -> tzinfo: ...

    async def statuses(self) -> Sequence[Job]:
        """Each source, in each index that holds it."""

    async def ask(self, source: str | None = None, delivery: str | None = None) -> Sequence[str] | None:
        """Have this source read again, or all of them: which ones, as people may see them.

        None where this ``delivery`` has asked before. Raises NotFound for a source that is not configured, Overloaded where no
        worker has listed its sources yet.
        """

    async def pushed(self, push: Push, delivery: str | None = None) -> Sequence[str] | None:
        """Have the sources read again that a push concerns; maybe none. See ``ask``."""
