"""Reading a mail takes time in proportion to its size, whatever its sender made of it."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import pytest

from channels.email.letter import read
from channels.email.settings import MailRules
from core.domain.errors import InvalidInput
from tests.hostile_mail import HEADER, MAILS, PLACES
from tests.scale import Scale

RULES = MailRules("support@example.com", "mx.example.com")
SIZE, TIMES = 8_000, 8
MOST = 2 * TIMES
"""What is quadratic takes TIMES * TIMES as long."""
WHOLE = [name for name in MAILS if name.partition(":")[0] not in PLACES]


def _cost(body: bytes) -> float:
    """Seconds of this thread's processor time."""
    began = time.thread_time()
    with suppress(InvalidInput):
        read(body, RULES)
    return time.thread_time() - began


def _best(body: bytes) -> float:
    return min(_cost(body) for _ in range(3))


def _is_linear(name: str) -> bool:
    """One look is enough where it is good; a bad one is looked at again, since others use the processor too."""
    small, large = MAILS[name](SIZE), MAILS[name](SIZE * TIMES)
    good = _cost(large) / _cost(small) < MOST
    return good or any(_best(large) / _best(small) < MOST for _ in range(4))


def test_eight_times_the_mail_takes_eight_times_as_long() -> None:
    assert [name for name in WHOLE if not _is_linear(name)] == []


@pytest.mark.soak
@pytest.mark.parametrize("place", PLACES)
def test_so_does_eight_times_the_header(place: str, scale: Scale, rng: random.Random) -> None:
    values = rng.sample(sorted(HEADER), scale.pick(small=5, full=len(HEADER)))
    assert [name for name in values if not _is_linear(f"{place}: {name}")] == []
