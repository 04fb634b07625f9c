"""What an index run is asked to do, and which documents it may take out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Why a document is in the index. What somebody named once stays until they take it out, whatever is configured."""

    CONFIGURED = "configured"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class IndexOrder:
    """``roots`` are resolved. A run takes out what vanished from them, and never touches what somebody else named.

    ``origin`` CONFIGURED: ``roots`` are all that is configured, so what was configured before and is no longer goes too.
    ``stand_in`` is a root that is there only as long as nobody named documents of their own.
    ``confirm_deletions``: somebody has seen that most of a source is gone, and it is meant.
    ``only``: of ``roots`` these alone are brought in line, the others as they are; empty for all.
    """

    roots: Sequence[str]
    origin: Origin = Origin.NAMED
    stand_in: str | None = None
    drop_other_models: bool = True
    confirm_deletions: bool = False
    only: Sequence[str] = ()

    def wants(self, root: str) -> bool:
        """Whether this root is brought in line."""
        return not self.only or root in self.only
