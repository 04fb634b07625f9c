"""Whether the time of a function grows no faster than its text. Ratios of two lengths, never seconds."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.architecture.linear.patterns import hostile

Prepare = Callable[[str], Callable[[], object]]
"""Makes a call on a text; what it costs to make it is not measured."""

TIMES = 8
MOST = 24.0
"""A function that is linear takes 8 times as long for 8 times the text, a quadratic one 64 times."""
_SHORTEST, _FLOOR, _TRIES = 100, 0.0015, 5
_OTHER = 24
"""Characters by which a further text of the same kind is longer: what a function remembers of one must not help it."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How often longer ``TIMES`` as much text took, at which length."""

    pattern: str
    length: int
    ratio: float


def growth(prepare: Prepare, pattern: str, longest: int) -> Growth | None:
    """How the time grows where it can be told; None where the longest text that is let in costs next to nothing."""
    length, before = _SHORTEST, _seconds(prepare, hostile(pattern, _SHORTEST))
    while length < longest:
        longer = min(length * TIMES, longest)
        after = _seconds(prepare, hostile(pattern, longer))
        if after >= _FLOOR:
            return _sure(prepare, Growth(pattern, longer // TIMES, after / before))
        length, before = longer, after
    return None


def _sure(prepare: Prepare, first: Growth) -> Growth:
    """Measured again where it looks bad: another process on the same core makes one run slow, not the best of several."""
    if first.ratio < MOST:
        return first
    first = replace(first, length=first.length * TIMES)  # longer, since a limit may have been between the two
    texts = (hostile(first.pattern, first.length + _OTHER * number) for number in range(1, 4 * _TRIES))
    short = long = float("inf")
    for number in range(_TRIES):
        short = min(short, *(_seconds(prepare, text) for text in itertools.islice(texts, 3)))
        long = min(long, _seconds(prepare, hostile(first.pattern, first.length * TIMES + _OTHER * number)))
        if long / short < MOST:
            break
    return Growth(first.pattern, first.length, long / short)


def _seconds(prepare: Prepare, text: str) -> float:
    """Of the processor, for one call."""
    call = prepare(text)
    begun = time.thread_time()
    call()
    return max(time.thread_time() - begun, 1e-6)
