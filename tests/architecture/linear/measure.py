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
LONGEST = 32_000
"""Characters: four times what is read of a customer's text in one turn."""
_FLOOR, _SLOW, _TRIES = 0.0005, 0.05, 5
_LONG_ENOUGH = 0.5
"""Seconds of a run that hardly anybody disturbs as a whole: two are enough."""
_DOUBTFUL = 12.0
"""What grows by more is looked at again in a longer text: what costs the same in any text may hide what does not."""
_OTHER = 24
"""Characters by which a further text of the same kind is longer: what a function remembers of one must not help it."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How often longer ``TIMES`` as much text took, at which length."""

    pattern: str
    length: int
    ratio: float
    seconds: float


def growth(prepare: Prepare, pattern: str) -> Growth | None:
    """How the time grows where it can be told; None where the longest text costs next to nothing."""
    length = LONGEST // TIMES**3 + 1
    before = _seconds(prepare, hostile(pattern, length))
    while length < LONGEST // 2:
        after = _seconds(prepare, hostile(pattern, length * TIMES))
        sure = after / before < _DOUBTFUL or after >= _SLOW or length * TIMES >= LONGEST
        if after >= _FLOOR and sure:
            return _sure(prepare, Growth(pattern, length, after / before, after))
        length, before = length * TIMES, after
    return None


def _sure(prepare: Prepare, first: Growth) -> Growth:
    """Measured again where it looks bad: another process on the same core makes one run slow, not the best of several."""
    if first.ratio < MOST:
        return first
    if first.seconds < _SLOW:  # a limit may have been between the two
        first = replace(first, length=min(first.length * TIMES, LONGEST // TIMES))
    texts = (hostile(first.pattern, first.length + _OTHER * number) for number in range(1, 4 * _TRIES))
    short = long = float("inf")
    for number in range(_TRIES if first.seconds < _LONG_ENOUGH else 2):
        short = min(short, *(_seconds(prepare, text) for text in itertools.islice(texts, 3)))
        long = min(long, _seconds(prepare, hostile(first.pattern, first.length * TIMES + _OTHER * number)))
        if long / short < MOST:
            break
    return replace(first, ratio=long / short)


def _seconds(prepare: Prepare, text: str) -> float:
    """Of the processor, for one call."""
    call = prepare(text)
    begun = time.thread_time()
    call()
    return max(time.thread_time() - begun, 1e-6)
