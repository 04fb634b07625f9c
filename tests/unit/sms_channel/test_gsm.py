"""Segments counted as the standard cuts them, and typography that costs too much replaced."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms import gsm
from channels.sms.gsm import Cost

_GSM = st.text(st.sampled_from("abcÄÖÜäöüß@£$èé ^{}[]~|€\\\n1"), max_size=700)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Cost(True, 0, 1)),
        ("a" * 160, Cost(True, 160, 1)),
        ("a" * 161, Cost(True, 161, 2)),
        ("a" * 306, Cost(True, 306, 2)),
        ("a" * 307, Cost(True, 307, 3)),
        ("€" * 80, Cost(True, 160, 1)),
        ("€" * 81, Cost(True, 162, 2)),
        ("a" + "€" * 76 + "€" * 76, Cost(True, 305, 2)),
        ("a" * 152 + "€" + "a" * 152, Cost(True, 306, 3)),  # an escape is not parted from its character
        ("ä" * 70, Cost(True, 70, 1)),
        ("ç" * 70, Cost(False, 70, 1)),
        ("日" * 70, Cost(False, 70, 1)),
        ("日" * 71, Cost(False, 71, 2)),
        ("日" * 134, Cost(False, 134, 2)),
        ("日" * 135, Cost(False, 135, 3)),
        ("🙏" * 35, Cost(False, 70, 1)),
        ("🙏" * 67, Cost(False, 134, 3)),  # a surrogate pair is not parted: 66 units in a segment
        ("Hello 🙏", Cost(False, 8, 1)),
    ],
)
def test_cost(text: str, expected: Cost) -> None:
    assert gsm.cost(text) == expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Hi” – it’s free…", '"Hi" - it\'s free...'),
        ("a\u00a0b\u202fc\u200bd", "a b cd"),
        ("3 × 4 ≤ 12 → ½", "3 x 4 <= 12 -> 1/2"),
        ("• one", "* one"),
    ],
)
def test_typography_is_replaced_where_that_makes_it_gsm7(text: str, plain: str) -> None:
    assert gsm.smart(text) == plain
    assert gsm.is_gsm7(plain)


@pytest.mark.parametrize("text", ["“Спасибо” – …", "Fünf “ç” …", "Merci 🙏 – “ok”"])
def test_where_it_gains_nothing_typography_stays(text: str) -> None:
    assert gsm.smart(text) == text


@given(st.text(st.sampled_from("ab “”‘’–—…\u00a0éß日"), max_size=200))
def test_it_never_costs_more(text: str) -> None:
    assert gsm.cost(gsm.smart(text)).segments <= gsm.cost(text).segments
    assert gsm.smart(gsm.smart(text)) == gsm.smart(text)


@given(_GSM)
def test_segments_are_no_fewer_than_the_septets_need(text: str) -> None:
    cost = gsm.cost(text)
    assert cost.gsm7
    if cost.units > 160:
        assert (cost.units + 152) // 153 <= cost.segments <= cost.units // 152 + 1
    else:
        assert cost.segments == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_measure_only_grows(first: str, more: str) -> None:
    assert gsm.at_most(first) <= gsm.at_most(first + more)
    assert gsm.units16(gsm.smart(first)) <= gsm.at_most(first)
    assert gsm.units16(first) == len(first.encode("utf-16-le", "surrogatepass")) // 2
