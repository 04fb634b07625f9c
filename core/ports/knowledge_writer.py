"""Changes the knowledge base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.domain.knowledge import IndexProgress, IndexReport


class KnowledgeWriter(Protocol):
    """``index`` brings the index in line with ``paths``: unchanged documents are skipped, vanished ones removed.

    Documents of other paths stay.
    """

    async def index(
        self, paths: Sequence[str], *, progress: Callable[[IndexProgress], None] | None = None
    ) -> IndexReport: ...
