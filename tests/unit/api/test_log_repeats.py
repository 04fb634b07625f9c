"""A stranger cannot fill the log with one warning."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
import structlog

from api.log_repeats import RepeatLimit
from api.logging import LogSettings, configure_logging


def _record(event: object, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("door", level, "door.py", 1, event, (), None)


@pytest.mark.parametrize("structured", [True, False])
def test_the_same_warning_is_bounded_and_the_rest_is_counted(structured: bool) -> None:
    now = 0.0
    limit = RepeatLimit(lambda: now)

    def line(number: int) -> logging.LogRecord:
        return _record({"event": "refused", "address": number} if structured else "refused %s")

    passed = [limit.filter(line(number)) for number in range(500)]
    assert passed == [True] * 20 + [False] * 480
    assert limit.filter(_record("another")), "other events are not held back"
    now = 61.0
    later = line(0)
    assert limit.filter(later)
    left_out: Any = later.msg["left_out"] if isinstance(later.msg, dict) else vars(later)["left_out"]
    assert left_out == 480
    last = line(1)
    assert limit.filter(last), "a new minute has begun"
    assert "left_out" not in str(last.msg)


def test_what_is_no_warning_is_never_left_out() -> None:
    limit = RepeatLimit(lambda: 0.0)
    assert all(limit.filter(_record("request", logging.INFO)) for _ in range(500))


def test_the_log_of_a_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging(LogSettings("info", "json"), stream=stream)
    try:
        for number in range(100):
            structlog.get_logger("door").error("door.refused", address=number)
            logging.getLogger("library").warning("broken frame of %s", number)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 40
    assert {line["message"] for line in lines if line["logger"] == "door"} == {"door.refused"}
