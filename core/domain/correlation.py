"""One id that follows a message through all hops, so that its log lines can be found together."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_numbers = random.Random()  # noqa: S311 - seeded by the system; an id in a log guards nothing
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def correlation_id() -> str | None:
    """The id of what is being worked on in this task; None outside any request or turn."""
    return _current.get()


def new_correlation_id() -> str:
    """Sixteen random hex digits: short enough to read aloud to support, long enough never to meet twice."""
    return f"{_numbers.getrandbits(64):016x}"


def acceptable(candidate: str | None) -> str | None:
    """A caller's own id when it is harmless in logs and headers, otherwise None."""
    return candidate if candidate and _ACCEPTABLE.fullmatch(candidate) else None


@contextmanager
def correlated(identifier: str | None = None) -> Iterator[str]:
    """Work inside the block under ``identifier`` (a new one when it is None); the former one comes back afterwards."""
    value = identifier or new_correlation_id()
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)
