"""Vectors that nothing leads to any more are left behind by moving the others into a new generation."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from knowledge.index.chroma_process import AnyChroma
from knowledge.index.client import Matrix
from knowledge.index.manifest import Manifest, Pointer
from knowledge.index.vectors import Keys, Vectors, drop, new_generation, others_than, was_removed

_log = logging.getLogger("switchboard.knowledge")

_MOST_DEAD = 0.2
_FEW = 200
"""So few dead vectors are not worth a new generation, whatever their share is."""
_FEW_LATE = 5_000
"""So many vectors may be copied while everybody who writes waits; with more of them the next run tries again."""


def compact(client: AnyChroma, manifest: Manifest, *, few: int = _FEW) -> bool:
    """Where more than a fifth is dead: a new generation, verified, then shown to readers. The old one is the caller's.

    Killed anywhere, it leaves an index that is whole; a half-made generation is removed by the next run. Another process
    may write meanwhile: what it adds is copied as well before anybody looks at the new generation. One that compacts or
    tidies at the same time may remove the old generation or this one, and then it is left to that process.
    """
    old = Vectors(client, manifest.collections, manifest.pointer().generation)
    new = Vectors(client, manifest.collections, new_generation())
    try:
        moved = _worth_it(old, manifest, few) and _moved(old, new, manifest)
    except Exception as error:
        if not was_removed(error):
            raise
        moved = False
    if not moved:
        drop(client, manifest.collections, new.generation)
    return moved


def remove_others(client: AnyChroma, manifest: Manifest, *, of_other_models: bool) -> bool:
    """Removes what is left of other generations. Whether there was anything.

    While it looks and removes, nobody can move the vectors to one of those.
    """

    def remove(pointer: Pointer) -> bool:
        leaving = others_than(client, manifest.collections, pointer.generation, of_other_models=of_other_models)
        for name in leaving:
            client.remove(name)
        return bool(leaving)

    present = manifest.pointer().generation
    return bool(
        others_than(client, manifest.collections, present, of_other_models=of_other_models)
    ) and manifest.while_still(remove)


def _worth_it(old: Vectors, manifest: Manifest, few: int) -> bool:
    live = len(manifest.live_keys())
    dead = old.count() - live
    return dead > max(few, _MOST_DEAD * (dead + live))


def _moved(old: Vectors, new: Vectors, manifest: Manifest) -> bool:
    wanted = [int(key) for key in manifest.live_keys()]
    for keys, vectors in old.get(wanted):
        new.put(keys, vectors)
    if not _same(old, new, wanted):
        _log.error("the new generation of vectors is not the same as the old one, which stays")
        return False
    return manifest.move(
        old.generation, new.generation, lambda needed: _completed(old, new, [int(key) for key in needed])
    )


def _completed(old: Vectors, new: Vectors, needed: Sequence[int]) -> bool:
    """Copies what was added since; what the old generation has lost is lost in the new one, too."""
    late = new.missing(needed)
    if len(late) > _FEW_LATE:
        return False
    for keys, vectors in old.get(late):
        new.put(keys, vectors)
    return True


def _same(old: Vectors, new: Vectors, keys: Sequence[int]) -> bool:
    pairs = zip(old.get(keys), new.get(keys), strict=False)
    equal = all(np.array_equal(_sorted(*one), _sorted(*other)) for one, other in pairs)
    return equal and not set(new.missing(keys)) - set(old.missing(keys))


def _sorted(keys: Sequence[int], vectors: Matrix) -> Matrix:
    order: Keys = np.argsort(np.array(keys, np.uint64)).astype(np.uint64)
    return vectors[order]
