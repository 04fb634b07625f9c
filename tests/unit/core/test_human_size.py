"""Sizes are said in the unit in which limits are set."""

from __future__ import annotations

import pytest

from core.domain.attachments import human_size


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes"),
        (1000, "1000 bytes"),
        (1024, "1 kB"),
        (52_013, "50.8 kB"),
        (10 * 1024 * 1024, "10 MB"),
        (1_572_864, "1.5 MB"),
    ],
)
def test_sizes(size: int, said: str) -> None:
    assert human_size(size) == said
