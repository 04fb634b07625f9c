"""Whether the time of a function grows no faster than its text. Ratios of two lengths, never seconds."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from core.agent import wording as agent_wording
from handoff.mood import wording as mood_wording
from tests.architecture.linear.patterns import hostile
from tests.scale import run_scale

Prepare = Callable[[str], Callable[[], object]]
"""Makes a call on a text; what it costs to make it is not measured."""

TIMES = 8
MOST = 24.0
"""A function that is linear takes 8 times as long for 8 times the text, a quadratic one 64 times."""
LONGEST = run_scale().pick(small=8_000, full=32_000)
"""Characters: at least as much as is read of a customer's text in one turn."""
_FLOOR, _SLOW, _TRIES = 0.0005, 0.05, 8
"""Seconds: what takes less for the longest text cannot be told from noise; what takes more shows it at a shorter one."""
_BEARABLE = 0.05
"""Seconds. After a run that took less, a text ``TIMES`` as long is measured as well."""
_BEYOND = 2
"""After a longer run, a text so many times as long."""
_LONG_ENOUGH = 0.5
"""Seconds of a run that hardly anybody disturbs as a whole: three are enough."""
_OTHER = 24
"""Characters by which a further text of the same kind is longer: what a function remembers of one must not help it."""
_REMEMBERED_WORDS = (agent_wording.stem, vars(mood_wording)["_remembered"])
"""They hold the words of a short text and lose those of a long one, so that each call begins without any."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How often longer ``TIMES`` as much text took, at which length."""

    pattern: str
    length: int
    ratio: float
    seconds: float


def growth(prepare: Prepare, pattern: str) -> Growth | None:
    """How the time grows up to the longest text; None where that costs next to nothing.

    The longest text is left out where a shorter one shows that it costs nothing, even if the time grew with the square, or
    that it would take too long.
    """
    middle = LONGEST // TIMES
    first, second = (_seconds(prepare, hostile(pattern, length)) for length in (middle // TIMES, middle))
    if second * TIMES**2 < _FLOOR:
        return None
    if second >= _SLOW and second / first >= MOST:
        return _sure(prepare, Growth(pattern, middle // TIMES, second / first, second))
    third = _seconds(prepare, hostile(pattern, LONGEST))
    return _sure(prepare, Growth(pattern, middle, third / second, third)) if third >= _FLOOR else None


def _sure(prepare: Prepare, first: Growth) -> Growth:
    """Measured again where it looks bad: another process on the same core makes one run slow, not the best of several."""
    if first.ratio < MOST:
        return first
    if first.seconds < _LONG_ENOUGH:  # a limit may have been between the two, such as the length of a message in pieces
        further = TIMES if first.seconds < _BEARABLE else _BEYOND
        first = replace(first, length=first.length * further)
    texts = (hostile(first.pattern, first.length + _OTHER * number) for number in range(1, 4 * _TRIES))
    short = long = float("inf")
    for number in range(_TRIES):
        short = min(short, *(_seconds(prepare, text) for text in itertools.islice(texts, 3)))
        long = min(long, _seconds(prepare, hostile(first.pattern, first.length * TIMES + _OTHER * number)))
        if long / short < MOST or (number > 1 and long >= _LONG_ENOUGH):
            break
    return replace(first, ratio=long / short)


def _seconds(prepare: Prepare, text: str) -> float:
    """Of the processor, for one call. A text that the function refuses costs what it costs to refuse it."""
    call = prepare(text)
    for remembered in _REMEMBERED_WORDS:
        remembered.cache_clear()
    begun = time.thread_time()
    with suppress(Exception):
        call()
    return max(time.thread_time() - begun, 1e-6)
