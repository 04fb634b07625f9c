"""Confidence intervals of proportions and of their differences, at 95 %."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Proportion:
    """``count`` of ``total``."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.count / self.total if self.total else 0.0

    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (1927), from nothing to everything where there is no total."""
        if not self.total:
            return 0.0, 1.0
        square = _Z * _Z
        middle = 2 * self.count + square
        spread = _Z * math.sqrt(square + 4 * self.count * (1 - self.value))
        whole = 2 * (self.total + square)
        return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def difference_interval(one: Proportion, other: Proportion) -> tuple[float, float]:
    """Of ``one`` less ``other``: Newcombe's hybrid score interval (1998, method 10)."""
    low, high = one.interval()
    other_low, other_high = other.interval()
    found = one.value - other.value
    below = math.hypot(one.value - low, other_high - other.value)
    above = math.hypot(high - one.value, other.value - other_low)
    return max(-1.0, found - below), min(1.0, found + above)
