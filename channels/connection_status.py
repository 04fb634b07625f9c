"""What is wrong with a channel's connection, as one sentence for the operator."""

from __future__ import annotations

import structlog

_log = structlog.get_logger(__name__)


class ConnectionStatus:
    """By what is tried (a folder, sending). ``trouble`` holds no address and no secret; ``fields`` go to the log only."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._troubles: dict[str, str] = {}

    @property
    def trouble(self) -> str | None:
        """All troubles there are, each once."""
        return "; ".join(dict.fromkeys(self._troubles.values())) or None

    def report(self, trouble: str, *, what: str = "connection", **fields: str | int | None) -> None:
        """Note what is wrong; logged once, when it begins."""
        if self._troubles.get(what) != trouble:
            _log.error(f"{self._channel}.trouble", what=what, detail=trouble, **fields)
        self._troubles[what] = trouble

    def clear(self, what: str = "connection") -> None:
        """Note that it works."""
        was = self._troubles.pop(what, None)
        if was is not None:
            _log.info(f"{self._channel}.well_again", what=what, was=was)
