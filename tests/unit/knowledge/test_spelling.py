"""Typing errors are mended by the words of the knowledge, and nothing that is a word of its own."""

from __future__ import annotations

import time

import pytest

from knowledge.search.spelling import Spelling

WORDS = [
    "refund",
    "invoices",
    "subscription",
    "password",
    "calendar",
    "yearly",
    "plan",
    "tasks",
    "authentication",
    "data",
]
KNOWN = frozenset({"my", "students", "how", "two"})


def _mended(text: str) -> str:
    return Spelling.of(WORDS).mended(text, KNOWN.__contains__)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("refnud for my yealry paln", "refund for my yearly plan"),
        ("my invoces?", "my invoices?"),
        ("Pasword!", "password!"),
        ("subscribtion", "subscription"),
        ("authentification", "authentication"),
        ("calender", "calendar"),
        ("my dta", "my data"),
    ],
)
def test_an_error_is_mended(typed: str, meant: str) -> None:
    assert _mended(typed) == meant


@pytest.mark.parametrize("text", ["students", "refund", "plan9", "xy", "zebra", "", "ERR-1042", "a" * 40, "パスワード"])
def test_what_is_no_error_stays(text: str) -> None:
    assert _mended(text) == text


def test_a_long_message_takes_no_time() -> None:
    spelling = Spelling.of(
        [f"{chr(97 + one % 26)}word{chr(97 + one // 26 % 26)}{chr(97 + one // 676)}" for one in range(17_000)]
    )
    text = " ".join(f"awrod{chr(97 + one % 26)}x" for one in range(2_000))
    started = time.thread_time()
    spelling.mended(text, lambda word: False)
    assert time.thread_time() - started < 2
