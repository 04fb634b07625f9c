"""The life of an outbox row, as a state machine, and how long to wait between tries."""

from __future__ import annotations

import random
from enum import StrEnum

from core.domain.errors import HubError

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


class DeliveryEvent(StrEnum):
    """What can happen to an outbox row."""

    BEGIN = "begin"
    CONFIRM = "confirm"
    RETRY = "retry"
    GIVE_UP = "give_up"
    WITHHOLD = "withhold"
    REVIVE = "revive"


class IllegalDelivery(HubError):
    """The event does not apply to a row in this status."""

    code = "illegal_delivery"


_TRANSITIONS: dict[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus] = {
    (DeliveryStatus.DUE, DeliveryEvent.BEGIN): DeliveryStatus.SENDING,
    (DeliveryStatus.DUE, DeliveryEvent.WITHHOLD): DeliveryStatus.WITHHELD,
    (DeliveryStatus.DUE, DeliveryEvent.GIVE_UP): DeliveryStatus.DEAD,
    (DeliveryStatus.SENDING, DeliveryEvent.BEGIN): DeliveryStatus.SENDING,
    (DeliveryStatus.SENDING, DeliveryEvent.CONFIRM): DeliveryStatus.SENT,
    (DeliveryStatus.SENDING, DeliveryEvent.RETRY): DeliveryStatus.DUE,
    (DeliveryStatus.SENDING, DeliveryEvent.GIVE_UP): DeliveryStatus.DEAD,
    (DeliveryStatus.SENDING, DeliveryEvent.WITHHOLD): DeliveryStatus.WITHHELD,
    (DeliveryStatus.DEAD, DeliveryEvent.REVIVE): DeliveryStatus.DUE,
}


def next_status(status: DeliveryStatus, event: DeliveryEvent) -> DeliveryStatus:
    """Where ``event`` leads from ``status``. Raises IllegalDelivery."""
    try:
        return _TRANSITIONS[status, event]
    except KeyError:
        raise IllegalDelivery(f"A delivery that is {status} cannot {event.replace('_', ' ')}.") from None


def backoff(attempt: int, rng: random.Random, *, first: float = 1.0, cap: float = 300.0) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 1): doubling, capped, with half of it random."""
    full = min(cap, first * float(2 ** min(attempt - 1, 20)))
    return full / 2 + rng.random() * full / 2
