"""Budgets: what one customer, and all customers together, may spend in a span of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import ceil, floor

from core.domain.messages import Message

_STRANGERS_PART = 0.75

SHARES_OF_A_GROUP = 10
"""How many shares a group of strangers has together. A group is an IPv6 /48, or the addresses of one mail domain."""

ORIGIN = "origin"
"""In ``Message.meta`` of a stranger's message: a keyed hash of the address it came from. Their sessions are counted together.

Of an IPv6 /64 a slash and that of the /48 follow.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """``share`` per spender and ``total`` for all, in each window of ``seconds``. 0 means no limit.

    Windows begin at multiples of ``seconds`` since 1970, so all processes agree on them; those of a day begin at midnight UTC.
    ``kept``: what was spent is written to the database, which other processes and the next start read.
    ``announced``: operators are told once in a window when it is used up.
    """

    name: str
    share: int
    total: int
    seconds: int
    kept: bool = True
    announced: bool = False

    def window_end(self, now: float) -> float:
        """When the window that holds ``now`` ends; both in seconds since 1970."""
        return float((floor(now / self.seconds) + 1) * self.seconds)


@dataclass(frozen=True, slots=True)
class Spender:
    """Who uses up a budget. ``key`` is a customer or an address; empty for the hub itself, which has no share, only the total.

    ``known``: a customer whom the hub knows. ``admitted``: the turn began within the budget and may be completed.
    ``group``: all keys that one stranger can obtain at no cost; otherwise empty.
    ``customer_id`` and ``conversation_id``: under which the use of models is counted; empty for the hub itself.
    """

    key: str = ""
    known: bool = False
    admitted: bool = False
    group: str = ""
    customer_id: str = field(default="", compare=False)
    conversation_id: str = field(default="", compare=False)


def kibibytes(size: int) -> int:
    """Bytes in kibibytes, rounded up. Budgets of bytes use this unit, since a day's amount must fit into 31 bits."""
    return -(-size // 1024)


def daily_bytes(share: int, total: int) -> Budget:
    """The budget of files stored in a day. Arguments are in bytes; amounts are spent in kibibytes."""
    return Budget("file-kibibytes", kibibytes(share), kibibytes(total), seconds=86_400)


def strangers_total(total: int) -> int:
    """The part of a total that all strangers share; the rest is reserved for known customers. 0 means no limit."""
    return ceil(total * _STRANGERS_PART)


def group_total(budget: Budget) -> int:
    """The amount for one group of strangers: ten shares, and at most half of what all strangers share.

    0 (no limit) where the budget has no share or no total: the limit of groups exists to protect the total.
    """
    if budget.share <= 0 or budget.total <= 0:
        return 0
    return min(budget.share * SHARES_OF_A_GROUP, ceil(strangers_total(budget.total) / 2))


def stranger_among(messages: Sequence[Message]) -> Spender | None:
    """Whose budget a stranger on the web uses, by the newest of their messages; None where none is a stranger's."""
    origin = next((found for one in reversed(messages) if (found := one.meta.get(ORIGIN))), None)
    if origin is None:
        return None
    address, _, network = origin.partition("/")
    return Spender(f"origin:{address}", group=f"network:{network}" if network else "")


def group_of_address(channel: str, address: str, *, verified: bool) -> str:
    """The group of a customer who has an address at a domain, as e-mail has them; otherwise empty.

    Addresses at a domain cost nothing, so they share a part of the budget; and those that are not proven, which anybody can
    invent, share one all together.
    """
    _, at, domain = address.rpartition("@")
    if not at:
        return ""
    return f"domain:{domain.lower()}" if verified else f"unproven:{channel}"


HUB = Spender(known=True)
_CURRENT: ContextVar[Spender] = ContextVar("spender", default=HUB)


def current_spender() -> Spender:
    """The spender of the current task: the turn's customer, otherwise the hub itself."""
    return _CURRENT.get()


@contextmanager
def spending(spender: Spender) -> Iterator[None]:
    """Set the spender for the block and for the tasks that are started in it."""
    token = _CURRENT.set(spender)
    try:
        yield
    finally:
        _CURRENT.reset(token)
