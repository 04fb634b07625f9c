"""A letter without spaces holds nobody up: what reads messages takes time in proportion to them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from core.agent.contact import contact_details
from core.agent.person_wish import wants_person

_LONG = 60_000
_ENOUGH = 10.0
"""Seconds. It takes less than one; with the square of the length it was minutes."""


@pytest.mark.parametrize("read", [wants_person, contact_details])
@pytest.mark.parametrize("part", ["a", "1", "a ", "a.", "a!", "+"])
def test_they_are_read_in_linear_time(read: Callable[[str], object], part: str) -> None:
    began = time.monotonic()
    assert not read((part * _LONG)[:_LONG])
    assert time.monotonic() - began < _ENOUGH
