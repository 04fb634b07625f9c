"""Searches see the documents of a running index run epoch by epoch; this decides when they are refreshed."""

from __future__ import annotations

import math
from collections.abc import Callable

_PAUSE = 3.0
_SHARE = 0.2
"""Seconds between two refreshes after a document was closed, and the share of the run that may go into them: hundreds of
documents may be closed in a run, and a refresh of a large index takes seconds. Searches hide a closed document before that."""


class SnapshotRefresher:
    """``refresh`` returns when searches see the newest epoch. ``clock`` in seconds."""

    def __init__(self, refresh: Callable[[], object], clock: Callable[[], float]) -> None:
        self._refresh = refresh
        self._clock = clock
        self._pending = False
        self._next_at = -math.inf

    def now(self) -> None:
        """Refresh at once."""
        self._pending = False
        self._refresh()

    def document_closed(self) -> None:
        """Refresh, unless that was done a moment ago; ``end`` makes up for it."""
        self._pending = True
        began = self._clock()
        if began >= self._next_at:
            self.now()
            ended = self._clock()
            self._next_at = ended + max(_PAUSE, (ended - began) / _SHARE)

    def end(self) -> None:
        """Refresh where a closed document is still pending, however the run has ended."""
        if self._pending:
            self.now()
