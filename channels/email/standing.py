"""How the mailbox stands: the one sentence that an operator should read, or none."""

from __future__ import annotations

import structlog

_log = structlog.get_logger(__name__)


class Standing:
    """By what is tried (a folder, sending). What is public holds no address and no secret; the rest goes to the log."""

    def __init__(self) -> None:
        self._troubles: dict[str, str] = {}

    @property
    def trouble(self) -> str | None:
        """All troubles there are, each once."""
        return "; ".join(dict.fromkeys(self._troubles.values())) or None

    def is_bad(self, what: str, trouble: str, **fields: str) -> None:
        """Said in the log when it begins, not each time that it is found to be so still."""
        if self._troubles.get(what) != trouble:
            _log.error("email.trouble", what=what, detail=trouble, **fields)
        self._troubles[what] = trouble

    def is_good(self, what: str) -> None:
        """All is well (again)."""
        was = self._troubles.pop(what, None)
        if was is not None:
            _log.info("email.well_again", what=what, was=was)
