"""A letter without spaces holds nobody up: what reads messages takes time in proportion to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.agent.exact_parts import adds_to
from core.agent.person_wish import wants_person
from core.agent.translating import lost
from core.domain.contact_details import spot_contact_details

_LONG = 60_000
"""It takes less than a second; with the square of the length it was minutes, which the suite's own limit ends."""


@pytest.mark.parametrize("read", [wants_person, spot_contact_details])
@pytest.mark.parametrize("part", ["a", "1", "a ", "a.", "a!", "+"])
def test_they_are_read_in_linear_time(read: Callable[[str], object], part: str) -> None:
    assert not read((part * _LONG)[:_LONG])


@pytest.mark.parametrize("part", ["a", "1", "a.", "a/", "a-", "+", "1 "])
def test_what_a_model_made_is_checked_in_linear_time(part: str) -> None:
    text = (part * _LONG)[:_LONG]
    assert lost(text, text) == ()
    assert not adds_to(text, text)


def test_a_wish_at_the_end_of_a_book_is_heard() -> None:
    assert wants_person("All of it is broken. " * 100_000 + "I want to talk to a person.")
