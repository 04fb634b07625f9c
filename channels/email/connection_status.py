"""The state of the mailbox, as one sentence for the operator while something is wrong."""

from __future__ import annotations

import structlog

_log = structlog.get_logger(__name__)


class ConnectionStatus:
    """By what is tried (a folder, sending). ``trouble`` holds no address and no secret; ``fields`` go to the log only."""

    def __init__(self) -> None:
        self._troubles: dict[str, str] = {}

    @property
    def trouble(self) -> str | None:
        """All troubles there are, each once."""
        return "; ".join(dict.fromkeys(self._troubles.values())) or None

    def report(self, what: str, trouble: str, **fields: str) -> None:
        """Note what is wrong; logged once, when it begins."""
        if self._troubles.get(what) != trouble:
            _log.error("email.trouble", what=what, detail=trouble, **fields)
        self._troubles[what] = trouble

    def clear(self, what: str) -> None:
        """Note that it works."""
        was = self._troubles.pop(what, None)
        if was is not None:
            _log.info("email.well_again", what=what, was=was)
