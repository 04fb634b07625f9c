"""Customers whom staff have blocked: their messages are stored and not answered.

A block holds for an address on a channel, whether the channel has proved that its messages are from there or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.customer import Block, Identity


class Blocks(Protocol):
    """Every method raises StoreUnavailable."""

    async def block_of(self, customer_id: str) -> Block | None:
        """The block of a customer's address; None where there is none."""

    async def is_blocked(self, sender: Identity) -> bool:
        """Whether the address of that person is blocked."""

    async def blocked(self) -> Sequence[Block]:
        """All of them, the last one first."""
