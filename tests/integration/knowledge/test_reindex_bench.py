"""The measurement of questions beside an index run measures both, on the real process. What it finds is nothing for a test."""

from __future__ import annotations

import pytest

from bench.reindex import measure


@pytest.mark.slow
async def test_both_are_asked() -> None:
    found = await measure(documents=4, rounds=1, questions=3)
    assert len(found.quiet) == 3
    assert found.busy
    assert found.passages >= 4
