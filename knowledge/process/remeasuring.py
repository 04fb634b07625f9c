"""Bounds that were not measured when an epoch was made ready are measured as soon as they can be.

An epoch is searched before that, since hundreds of questions are embedded for it; and an embedding server may have been busy.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from knowledge.calibrate.calibrator import Calibrator
from knowledge.index.reader import Reader
from knowledge.index.snapshot import EpochGone
from knowledge.process.searchable import Searchable

_log = logging.getLogger("switchboard.knowledge")

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0
"""Seconds between two tries, each time twice as many."""


class Remeasuring:
    """``tell`` is called when they were."""

    def __init__(self, reader: Reader[Searchable], calibrator: Calibrator, tell: Callable[[], None]) -> None:
        self._reader = reader
        self._calibrator = calibrator
        self._tell = tell

    def follow(self, ended: threading.Event) -> None:
        """Looks again and again until ``ended``; for a thread of its own."""
        pause = _FIRST_PAUSE
        while not ended.wait(pause):
            try:
                self.once()
            except Exception as error:
                _log.warning("the threshold of the knowledge base cannot be measured now: %s", error)
            waits = self._reader.current.bounds.provisional
            pause = min(2 * pause, _LONGEST_PAUSE) if waits else _FIRST_PAUSE

    def once(self) -> bool:
        """Tries it where it is to be done. Whether bounds were put in the place of others."""
        epoch = self._reader.current
        if not epoch.bounds.provisional:
            return False
        try:
            measured = epoch.measured(self._calibrator)
        except EpochGone:  # the next one brings its own
            return False
        if measured.bounds.provisional or not self._reader.replace(epoch, measured):
            return False
        _log.info("the threshold of the knowledge base is measured: %s", measured.bounds.answer)
        self._tell()
        return True
