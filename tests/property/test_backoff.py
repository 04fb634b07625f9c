"""Waiting between tries: never nothing, never more than the cap, never less than the try before allowed."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from core.domain.delivery import backoff


@given(attempt=st.integers(1, 10_000), seed=st.integers(), first=st.floats(0.01, 60), factor=st.floats(1, 1000))
def test_backoff_doubles_up_to_its_cap(attempt: int, seed: int, first: float, factor: float) -> None:
    cap = first * factor
    full = min(cap, first * 2.0 ** min(attempt - 1, 20))
    waited = backoff(attempt, random.Random(seed), first=first, cap=cap)
    assert full / 2 <= waited <= full
