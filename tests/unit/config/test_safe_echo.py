"""What customers wrote steers no operator's terminal."""

from __future__ import annotations

import pytest

from config.commands import waiting
from config.commands.safe_echo import echo_line

_TITLE = "\x1b]0;paid\x07Ada\x9b2J\u202eevil\r\n"


def test_signs_that_steer_a_terminal_are_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    echo_line(f"  {_TITLE}{chr(0x1F600)} مرحبا")
    assert capsys.readouterr().out == f"   ]0;paid Ada 2J evil  {chr(0x1F600)} مرحبا\n"


def test_who_waits_is_shown_so(capsys: pytest.CaptureFixture[str]) -> None:
    left = {"name": _TITLE, "email": None, "phone": None, "address": None}
    waiting._print({"since": "2026-11-22T09:00", "channel": "web", "id": "c", "last_words": _TITLE, **left})
    first, second = capsys.readouterr().out.splitlines()
    assert (first + second).isprintable()
