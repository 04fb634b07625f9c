"""Reading a mail takes time in proportion to its size, whatever its sender made of it."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from channels.email.letter import read
from channels.email.settings import MailRules
from core.domain.errors import InvalidInput
from tests.hostile_mail import MAILS

RULES = MailRules("support@example.com", "mx.example.com")
SIZE, TIMES = 8_000, 8
MOST = 2 * TIMES
"""What is quadratic takes TIMES * TIMES as long."""


def _cost(body: bytes) -> float:
    """Seconds of this thread's processor time."""
    began = time.thread_time()
    with suppress(InvalidInput):
        read(body, RULES)
    return time.thread_time() - began


def _best(body: bytes) -> float:
    return min(_cost(body) for _ in range(3))


@pytest.mark.parametrize("name", MAILS)
def test_eight_times_the_mail_takes_eight_times_as_long(name: str) -> None:
    """One look at each is enough where it is good; a bad one is looked at again, since others use the processor too."""
    small, large = MAILS[name](SIZE), MAILS[name](SIZE * TIMES)
    good = _cost(large) / _cost(small) < MOST
    assert good or any(_best(large) / _best(small) < MOST for _ in range(4)), name
