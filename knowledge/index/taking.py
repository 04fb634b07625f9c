"""When whoever answers takes the newest epoch of a run that goes on."""

from __future__ import annotations

import math
from collections.abc import Callable

_PAUSE = 3.0
_SHARE = 0.2
"""Seconds between two epochs that are taken because something was closed, and the share of the time that goes into taking them.
Whoever answers hides it before that; there may be hundreds of such documents, and an epoch of a large index takes seconds."""


class Taking:
    """``take`` returns when the newest epoch is searched. ``clock`` in seconds."""

    def __init__(self, take: Callable[[], object], clock: Callable[[], float]) -> None:
        self._take = take
        self._clock = clock
        self._closed_unseen = False
        self._closings_from = -math.inf

    def now(self) -> None:
        """At once."""
        self._closed_unseen = False
        self._take()

    def closed_one(self) -> None:
        """Now and then, and at the end."""
        self._closed_unseen = True
        began = self._clock()
        if began >= self._closings_from:
            self.now()
            ended = self._clock()
            self._closings_from = ended + max(_PAUSE, (ended - began) / _SHARE)

    def end(self) -> None:
        """What was closed and not taken is taken, however the run has ended."""
        if self._closed_unseen:
            self.now()
