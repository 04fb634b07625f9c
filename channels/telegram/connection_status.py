"""The state of the connection to Telegram, as one sentence for the operator while something is wrong."""

from __future__ import annotations

import structlog

_log = structlog.get_logger(__name__)


class ConnectionStatus:
    """``trouble`` is public: it contains no address and no secret; ``fields`` go to the log only."""

    def __init__(self) -> None:
        self.trouble: str | None = None

    def report(self, trouble: str, **fields: str | int | None) -> None:
        """Note what is wrong; logged once, when it begins."""
        if trouble != self.trouble:
            _log.error("telegram.trouble", detail=trouble, **fields)
        self.trouble = trouble

    def clear(self) -> None:
        """Note that the connection works."""
        if self.trouble is not None:
            _log.info("telegram.well_again", was=self.trouble)
        self.trouble = None
