"""The limits that the path of a message has to keep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """``calls``: of the platform."""

    transactions: int
    statements: int
    calls: int


LONE = {
    "web": Limits(3, 16, 0),
    "slack": Limits(5, 18, 1),
    "telegram": Limits(5, 20, 1),
    "sms": Limits(5, 19, 1),
    "email": Limits(5, 20, 1),
}
NAMED_LATER = {"slack": Limits(5, 19, 1)}
"""With the message by which the customer's name becomes known: Slack is asked for it behind their first one."""
STREAMED = {"web": Limits(6, 25, 0), "slack": Limits(6, 24, 3)}
BURST = {"web": 1.5, "slack": 1.0, "telegram": 1.5, "sms": 1.5, "email": 1.5}
"""Transactions a message when many write at once."""
CROWD = {"email": 16}
"""How many, where that is not 64: a mail server takes letters one by one."""
BUILT = {"web": 0, "slack": 2, "telegram": 2, "sms": 2, "email": 2}
"""Statements of a lone message that are built anew: to build one costs more than to execute it."""
