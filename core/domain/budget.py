"""What one customer, and all of them together, may use up in a span of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil, floor

_STRANGERS_PART = 0.75

SHARES_OF_A_GROUP = 10
"""So many shares a group of strangers has together, such as an IPv6 /48 or the addresses of one mail domain."""

ORIGIN = "origin"
"""In ``Message.meta`` of a stranger's message: a keyed hash of the address it came from. Their sessions are counted together.

Of an IPv6 /64 a slash and that of the /48 follow.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """``share`` per spender and ``total`` for all, in each window of ``seconds``. 0 means no limit.

    Windows begin at multiples of ``seconds`` since 1970, so all processes agree on them; those of a day begin at midnight UTC.
    ``kept``: what was spent is written to the database, which other processes and the next start read.
    """

    name: str
    share: int
    total: int
    seconds: int
    kept: bool = True

    def window_end(self, now: float) -> float:
        """When the window that holds ``now`` ends; both in seconds since 1970."""
        return float((floor(now / self.seconds) + 1) * self.seconds)


@dataclass(frozen=True, slots=True)
class Spender:
    """Who uses up a budget. ``key`` is a customer or an address; empty for the hub itself, which has no share, only the total.

    ``known``: a customer whom the hub knows. ``admitted``: its turn began while there was room and is completed.
    ``group``: of a stranger who can have many keys for nothing, all those keys together; otherwise empty.
    """

    key: str = ""
    known: bool = False
    admitted: bool = False
    group: str = ""


def kibibytes(size: int) -> int:
    """In the unit of budgets of bytes, rounded up: what was spent in a day must fit into 31 bits."""
    return -(-size // 1024)


def daily_bytes(share: int, total: int) -> Budget:
    """The budget of files that are stored in a day. Arguments in bytes, spent in kibibytes."""
    return Budget("file-kibibytes", kibibytes(share), kibibytes(total), seconds=86_400)


def strangers_total(total: int) -> int:
    """How much of a total strangers get together; the rest is left to customers whom the hub knows. 0 means no limit in both."""
    return ceil(total * _STRANGERS_PART)


def group_total(budget: Budget) -> int:
    """How much of a budget one group of strangers gets: some shares, and at most half of what all strangers get.

    0, no limit, where the budget has no share or no total: a group is limited so that others find something left of the total.
    """
    if budget.share <= 0 or budget.total <= 0:
        return 0
    return min(budget.share * SHARES_OF_A_GROUP, ceil(strangers_total(budget.total) / 2))


HUB = Spender(known=True)
_CURRENT: ContextVar[Spender] = ContextVar("spender", default=HUB)


def current_spender() -> Spender:
    """For whom this task works: the customer of the turn, otherwise the hub itself."""
    return _CURRENT.get()


@contextmanager
def spending(spender: Spender) -> Iterator[None]:
    """Work inside the block for this spender; tasks that are begun there do too."""
    token = _CURRENT.set(spender)
    try:
        yield
    finally:
        _CURRENT.reset(token)
