"""How the bot stands with Telegram: the one sentence that an operator should read, or none."""

from __future__ import annotations

import structlog

_log = structlog.get_logger(__name__)


class Standing:
    """``trouble`` is public: it holds no address and no secret; what is not for everybody goes to the log."""

    def __init__(self) -> None:
        self.trouble: str | None = None

    def is_bad(self, trouble: str, **fields: str | int | None) -> None:
        """Said in the log when it begins, not each time that it is found to be so still."""
        if trouble != self.trouble:
            _log.error("telegram.trouble", detail=trouble, **fields)
        self.trouble = trouble

    def is_good(self) -> None:
        """All is well (again)."""
        if self.trouble is not None:
            _log.info("telegram.well_again", was=self.trouble)
        self.trouble = None
