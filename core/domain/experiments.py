"""Experiments: which customers take part, in which arm, and how that is noted with an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXPERIMENT_META = "experiment"
"""Of a message: the experiment and the arm of the customer whom it answers."""
_RANGE = 2**64


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
