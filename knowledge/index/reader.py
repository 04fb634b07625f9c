"""Holds the epoch that this process searches, and takes the next one as a whole when there is one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from knowledge.index.chroma_process import AnyChroma
from knowledge.index.loading import load
from knowledge.index.manifest import Manifest
from knowledge.index.snapshot import Snapshot
from knowledge.index.vectors import Vectors

_log = logging.getLogger("switchboard.knowledge")

Ready = TypeVar("Ready")

_TRIES = 4


class Reader(Generic[Ready]):
    """``prepare`` makes of a snapshot what searches use (its index of words, say), while they still use the one before.

    ``current`` may be read by any thread at any time and is one epoch; whoever searches takes it once.
    """

    def __init__(self, client: AnyChroma, manifest: Manifest, prepare: Callable[[Snapshot], Ready]) -> None:
        self._client = client
        self._manifest = manifest
        self._prepare = prepare
        self._loading = threading.Lock()
        self._snapshot = self._load(None)
        self.current = prepare(self._snapshot)

    @property
    def epoch(self) -> int:
        """The epoch that is searched."""
        return self._snapshot.epoch

    @property
    def lost(self) -> int:
        """Vectors that are missing from Chroma: something else than a run has changed it."""
        return self._snapshot.lost

    def refresh(self) -> bool:
        """Takes the present epoch if it is another one. Whether it was. Raises what the databases raise."""
        with self._loading:
            if self._manifest.pointer().epoch == self._snapshot.epoch:
                return False
            snapshot = self._load(self._snapshot)
            self.current = self._prepare(snapshot)
            self._snapshot = snapshot
            return True

    def replace(self, old: Ready, new: Ready) -> bool:
        """Something about the epoch has become known later. False where another one has taken its place meanwhile."""
        with self._loading:
            if self.current is not old:
                return False
            self.current = new
            return True

    def follow(self, seconds: float, ended: threading.Event, tell: Callable[[], None]) -> None:
        """Looks again and again for what other processes have indexed, until ``ended``; for a thread of its own."""
        failing = False
        while not ended.wait(seconds):
            try:
                if self.refresh():
                    tell()
            except Exception as error:
                if not failing:
                    _log.warning("the index cannot be looked at; answers come from what was read before: %s", error)
                failing = True
            else:
                failing = False

    def _load(self, before: Snapshot | None) -> Snapshot:
        """Tried again where the vectors moved to another generation while they were read."""
        for tries_left in reversed(range(_TRIES)):
            generation = self._manifest.pointer().generation
            try:
                snapshot = load(self._manifest, Vectors(self._client, self._manifest.collections, generation), before)
            except Exception:
                if not tries_left or self._manifest.pointer().generation == generation:
                    raise
                continue
            if not snapshot.lost or self._manifest.pointer().generation == generation:
                return snapshot
        raise RuntimeError("the vectors moved again and again while they were read")
