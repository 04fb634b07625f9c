"""The states of an outbox row, and how long to wait between tries."""

from __future__ import annotations

import random
from enum import StrEnum

NOTHING_CAME = "The conversation changed hands before this was sent."
PARTLY_CAME = "The conversation changed hands before all of this was sent."
CUSTOMER_ENDED = "The customer had ended the conversation before this was sent."
NOBODY_KNOWS = "The conversation changed hands, and nobody can tell whether this had arrived."


class DeliveryStatus(StrEnum):
    """due: to be sent. sending: a worker may be talking to the provider. withheld: ownership changed before it was sent,
    its author took it back, or its customer had ended the conversation.
    """

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    WITHHELD = "withheld"


def backoff(attempt: int, rng: random.Random, *, first: float = 1.0, cap: float = 300.0) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 1): doubling, capped, with half of it random."""
    full = min(cap, first * float(2 ** min(attempt - 1, 20)))
    return full / 2 + rng.random() * full / 2
