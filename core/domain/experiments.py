"""Experiments: which customers take part, in which arm, how that is noted with an answer, and what can be told of it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXPERIMENT_META = "experiment"
"""Of a message: the experiment and the arm of the customer whom it answers."""
_RANGE = 2**64

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Experiment:
    """``share`` of the customers, from 0 to 1, take part; they are spread evenly over ``arms``."""

    name: str
    share: float
    arms: tuple[str, ...]

    def arm_for(self, customer_id: str) -> str | None:
        """The customer's arm; None where they take no part. Always the same for the same names."""
        digest = hashlib.sha256(f"{self.name}\0{customer_id}".encode()).digest()
        taking_part, place = int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])
        if taking_part >= self.share * _RANGE:
            return None
        return self.arms[place % len(self.arms)]


def arm_for(experiments: Sequence[Experiment], customer_id: str) -> tuple[str, str] | None:
    """Experiment and arm of a customer, who takes part in one at most: the first that includes them."""
    found = ((one.name, one.arm_for(customer_id)) for one in experiments)
    return next(((name, arm) for name, arm in found if arm is not None), None)


def arm_noted(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a message's ``meta`` that names its experiment and arm; empty where there is none."""
    return {EXPERIMENT_META: meta[EXPERIMENT_META]} if EXPERIMENT_META in meta else {}


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """What came of one arm, in customers. Of ``customers`` some were answered without a person, and some came to people.

    ``thumbs`` and ``ratings``: how many gave any; ``thumbs_up``: of them, those who gave no thumb down; ``content``: those who
    rated no case below 4 of 5.
    """

    experiment: str
    arm: str
    customers: int = 0
    answered: int = 0
    escalated: int = 0
    thumbs: int = 0
    thumbs_up: int = 0
    ratings: int = 0
    content: int = 0


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
