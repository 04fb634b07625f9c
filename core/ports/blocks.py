"""Customers whom staff have blocked: their messages are stored and not answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.customer import Block, Identity


class Blocks(Protocol):
    """Every method raises StoreUnavailable."""

    async def block_of(self, customer_id: str) -> Block | None:
        """None for a customer who is not blocked."""
        ...

    async def is_blocked(self, sender: Identity) -> bool:
        """Whether that person, as the channel knows them now, is blocked."""
        ...

    async def blocked(self) -> Sequence[Block]:
        """All of them, the last one first."""
        ...
