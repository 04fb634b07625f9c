"""Work that one process at a time may do: reading a mailbox, polling for updates, listing what was missed."""

from __future__ import annotations

from typing import Protocol


class Leases(Protocol):
    """A named lease on the database's clock."""

    async def hold(self, name: str, holder: str, seconds: float) -> bool:
        """Take it, or keep it, for so long from now. False while somebody else holds it. Raises StoreUnavailable."""

    async def let_go(self, name: str, holder: str) -> None:
        """Give it back before it ends; nothing happens when somebody else holds it."""
