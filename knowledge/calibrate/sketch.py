"""What a knowledge base consists of, in a few hundred numbers: enough to say how much of it is another one now.

The smallest hashes of a set are a fair sample of it, and the same sample wherever the set is (bottom-k sketches; Cohen and
Kaplan, 2007). With 256 of them a share is known within three points in a hundred or so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SMALLEST = 256
_NUMBERS = 32
"""So many numbers of a vector tell it from all others."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """``count`` different vectors, and the smallest of their hashes, rising."""

    count: int
    smallest: Sequence[int]

    def changed(self, other: Sketch) -> float:
        """The share of the larger of both that the other one does not have."""
        largest = max(self.count, other.count)
        if not largest:
            return 0.0
        union = sorted({*self.smallest, *other.smallest})[:_SMALLEST]
        both = set(self.smallest) & set(other.smallest)
        alike = sum(each in both for each in union) / len(union)
        shared = alike / (1 + alike) * (self.count + other.count)
        return 1.0 - min(1.0, shared / largest)


def sketch(vectors: NDArray[np.float32], rows: NDArray[np.int32]) -> Sketch:
    """The sketch of these rows, in whatever order."""
    bits = np.ascontiguousarray(vectors[:, :_NUMBERS][np.unique(rows)], np.float32).view(np.uint32).astype(np.uint64)
    mixed = np.zeros(len(bits), np.uint64)
    for column in bits.T:
        mixed = _mixed(mixed ^ column)
    hashes = np.unique(mixed)
    return Sketch(len(hashes), [int(each) for each in hashes[:_SMALLEST]])


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each bit of a number in all bits of another one (SplitMix64's last step)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
