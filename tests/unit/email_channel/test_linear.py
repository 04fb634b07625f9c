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
    """Seconds of this thread's processor time, of the best of three."""
    spent = []
    for _ in range(3):
        began = time.thread_time()
        with suppress(InvalidInput):
            read(body, RULES)
        spent.append(time.thread_time() - began)
    return min(spent)


@pytest.mark.parametrize("name", MAILS)
def test_eight_times_the_mail_takes_eight_times_as_long(name: str) -> None:
    small, large = MAILS[name](SIZE), MAILS[name](SIZE * TIMES)
    ratios = (_cost(large) / _cost(small) for _ in range(4))
    assert any(ratio < MOST for ratio in ratios), name
