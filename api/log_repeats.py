"""Bounds the log lines that a stranger can cause: the same warning or error again and again is one line with a count."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

_MOST = 20
_SECONDS = 60.0
_KINDS = 1_000


@dataclass(slots=True)
class _Window:
    """How many lines of one kind came since ``began``, and how many of those were left out."""

    began: float
    lines: int = 0
    left_out: int = 0


class RepeatLimit(logging.Filter):
    """Lets 20 lines of the same warning or error pass in a minute. The first one after that minute has the count ``left_out``.

    Lines are the same when logger, level and event are, whatever their other fields. Put it on the handler, so that the lines of
    libraries are bounded as well.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._windows: dict[tuple[str, int, str], _Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.levelno < logging.WARNING:
            return True
        now, key = self._monotonic(), (record.name, record.levelno, _event(record))
        window = self._windows.get(key)
        if window is None or now - window.began >= _SECONDS:
            self._begin(key, now)
            if window is not None and window.left_out:
                _tell(record, window.left_out)
            window = self._windows[key]
        window.lines += 1
        window.left_out += window.lines > _MOST
        return window.lines <= _MOST

    def _begin(self, key: tuple[str, int, str], now: float) -> None:
        if len(self._windows) >= _KINDS:
            self._windows.clear()
        self._windows[key] = _Window(now)


def _event(record: logging.LogRecord) -> str:
    """structlog's lines are dicts; those of libraries have their template."""
    return str(record.msg.get("event") if isinstance(record.msg, dict) else record.msg)


def _tell(record: logging.LogRecord, left_out: int) -> None:
    if isinstance(record.msg, dict):
        record.msg["left_out"] = left_out
    else:
        record.left_out = left_out
