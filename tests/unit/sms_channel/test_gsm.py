"""Segments counted as the standard cuts them, and typography that costs too much replaced."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms import gsm

_GSM = st.text(st.sampled_from("abcÄÖÜäöüß@£$èé ^{}[]~|€\\\n1"), max_size=700)


@pytest.mark.parametrize(
    ("text", "gsm7", "segments"),
    [
        ("", True, 1),
        ("a" * 160, True, 1),
        ("a" * 161, True, 2),
        ("a" * 306, True, 2),
        ("a" * 307, True, 3),
        ("€" * 80, True, 1),
        ("€" * 81, True, 2),
        ("a" + "€" * 76 + "€" * 76, True, 2),
        ("a" * 152 + "€" + "a" * 152, True, 3),  # an escape is not parted from its character
        ("ä" * 70, True, 1),
        ("ç" * 70, False, 1),
        ("日" * 70, False, 1),
        ("日" * 71, False, 2),
        ("日" * 134, False, 2),
        ("日" * 135, False, 3),
        ("🙏" * 35, False, 1),
        ("🙏" * 67, False, 3),  # a surrogate pair is not parted: 66 units in a segment
        ("Hello 🙏", False, 1),
    ],
)
def test_segments(text: str, gsm7: bool, segments: int) -> None:
    assert gsm.is_gsm7(text) == gsm7
    assert gsm.segments(text) == segments


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
    assert gsm.segments(gsm.smart(text)) <= gsm.segments(text)
    assert gsm.smart(gsm.smart(text)) == gsm.smart(text)


@given(_GSM)
def test_segments_are_no_fewer_than_the_septets_need(text: str) -> None:
    septets = sum(2 if char in "^{}[]~|€\\" else 1 for char in text)
    assert gsm.is_gsm7(text)
    if septets > 160:
        assert (septets + 152) // 153 <= gsm.segments(text) <= septets // 152 + 1
    else:
        assert gsm.segments(text) == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_measure_only_grows(first: str, more: str) -> None:
    assert gsm.at_most(first) <= gsm.at_most(first + more)
    assert gsm.units16(gsm.smart(first)) <= gsm.at_most(first)
    assert gsm.units16(first) == len(first.encode("utf-16-le", "surrogatepass")) // 2
