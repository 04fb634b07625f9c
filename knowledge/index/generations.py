"""Vectors that nothing leads to any more are left behind by moving the others into a new generation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from knowledge.index.manifest import Manifest
from knowledge.index.vectors import Keys, Matrix, Vectors, drop

_log = logging.getLogger("switchboard.knowledge")

_MOST_DEAD = 0.2
_FEW = 200
"""So few dead vectors are not worth a new generation, whatever their share is."""


def compact(client: Any, manifest: Manifest, *, few: int = _FEW) -> bool:
    """Where more than a fifth is dead: a new generation, verified, then shown to readers. The old one is the caller's.

    Killed anywhere, it leaves an index that is whole; a half-made generation is begun anew by the next run.
    """
    old = Vectors(client, manifest.fingerprint, manifest.pointer().generation)
    live = manifest.live_keys()
    dead = old.count() - len(live)
    if dead <= max(few, _MOST_DEAD * (dead + len(live))):
        return False
    drop(client, manifest.fingerprint, old.generation + 1)
    new = Vectors(client, manifest.fingerprint, old.generation + 1)
    wanted = [int(key) for key in live]
    for keys, vectors in old.get(wanted):
        new.put(keys, vectors)
    if not _same(old, new, wanted):
        _log.error("the new generation of vectors is not the same as the old one, which stays")
        drop(client, manifest.fingerprint, new.generation)
        return False
    return manifest.move(old.generation, new.generation)


def _same(old: Vectors, new: Vectors, keys: Sequence[int]) -> bool:
    pairs = zip(old.get(keys), new.get(keys), strict=False)
    equal = all(np.array_equal(_sorted(*one), _sorted(*other)) for one, other in pairs)
    return equal and not set(new.missing(keys)) - set(old.missing(keys))


def _sorted(keys: Sequence[int], vectors: Matrix) -> Matrix:
    order: Keys = np.argsort(np.array(keys, np.uint64)).astype(np.uint64)
    return vectors[order]
