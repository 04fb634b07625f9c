"""What becomes of the calls that the hub makes to a provider: drawn by a seed, counted by kind."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum


class Trouble(StrEnum):
    """After a 429 and mostly a 5xx the provider did not do it for certain. After the others the hub cannot know."""

    LIMIT = "429 with Retry-After"
    FAILURE = "5xx"
    GONE = "connection lost before the write"
    LOST = "connection lost after the write"


_CERTAIN = (Trouble.LIMIT, Trouble.FAILURE)
_PAUSES = 0.25  # of the certain ones: each stops a whole account for a second


class Weather:
    """``share``: of the messages that meet trouble at their first try; half as many meet some at each later one.

    A message is lost out of sight at most once. Where nobody can be asked, the hub sends such a message again once, and
    puts it aside for a person when that is lost as well: that promise has its own tests.
    """

    certain: Sequence[Trouble] = _CERTAIN
    """What tells the hub that the provider did not do it."""

    def __init__(self, rng: random.Random, share: float) -> None:
        self.met: Counter[Trouble] = Counter()
        self._rng = rng
        self._share = share
        self._tried: set[str] = set()
        self._doubted: set[str] = set()

    def clear_up(self) -> None:
        """Sunshine from now on."""
        self._share = 0.0

    def over(self, message: str) -> Trouble | None:
        """What this call to send that message meets."""
        share = self._share / 2 if message in self._tried else self._share
        self._tried.add(message)
        if self._rng.random() >= share:
            return None
        if message not in self._doubted and self._rng.random() < 0.6:
            self._doubted.add(message)
            return self._meet(self._rng.choice([one for one in Trouble if one not in self.certain]))
        return self._meet(self._certain())

    def over_reading(self) -> Trouble | None:
        """What a call meets that changes nothing."""
        return self._meet(self._certain()) if self._rng.random() < self._share / 4 else None

    def _certain(self) -> Trouble:
        return Trouble.LIMIT if self._rng.random() < _PAUSES else self.certain[-1]

    def _meet(self, trouble: Trouble) -> Trouble:
        self.met[trouble] += 1
        return trouble
