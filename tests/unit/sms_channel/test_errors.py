"""Twilio's codes in our tree, with words that say what to do."""

from __future__ import annotations

import pytest

from channels.sms.errors import FileRefused, OptedOut, described, refusal, refuses_file
from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, 20003, AuthFailed),
        (403, 20003, AuthFailed),
        (401, None, AuthFailed),
        (403, 20005, AuthFailed),
        (429, 20429, RateLimited),
        (429, None, RateLimited),
        (400, 63018, RateLimited),
        (400, 21211, Rejected),
        (400, 21408, Rejected),
        (400, 21612, Rejected),
        (400, 21614, Rejected),
        (400, 63016, Rejected),
        (400, 99999, Rejected),
        (400, None, Rejected),
        (400, 21610, OptedOut),
        (400, 21620, FileRefused),
        (503, None, Unreachable),
        (500, 20500, OutcomeUnknown),
        (502, None, OutcomeUnknown),
        (504, None, OutcomeUnknown),
        (408, None, OutcomeUnknown),
    ],
)
def test_the_class_decides(status: int, code: int | None, expected: type[ChannelError]) -> None:
    assert type(refusal(status, code, "said")) is expected


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), (None, 5.0), ("soon", 5.0), ("-3", 0.0)])
def test_the_pause(header: str | None, seconds: float) -> None:
    error = refusal(429, 20429, "slow down", header)
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        ("30003", None, "out of reach. (Twilio error 30003)"),
        (21610, "unsubscribed", "until they write START. (Twilio error 21610)"),
        ("12345", "Something new", "Something new (Twilio error 12345)"),
        ("strange", None, "Twilio gives no reason. (Twilio error strange)"),
        (None, "said", "said"),
    ],
)
def test_the_words(code: str | int | None, said: str | None, words: str) -> None:
    assert (described(code, said) or "").endswith(words)


def test_no_code_and_no_words() -> None:
    assert described(None) is None


@pytest.mark.parametrize(
    ("code", "expected"), [("63019", True), (30019, True), ("30003", False), (None, False), ("x", False)]
)
def test_files_that_were_the_reason(code: str | int | None, expected: bool) -> None:
    assert refuses_file(code) is expected
