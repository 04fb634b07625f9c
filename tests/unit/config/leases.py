"""One lease in memory that never ends by itself, and remembers who asked for it."""

from __future__ import annotations

from core.domain.errors import StoreUnavailable


class Leases:
    """Implements core.ports.leases.Leases for one name. ``away``: the database does not answer."""

    def __init__(self) -> None:
        self.holder: str | None = None
        self.seconds = 0.0
        self.asked: set[str] = set()
        self.refused: set[str] = set()
        self.away = False

    async def hold(self, name: str, holder: str, seconds: float) -> bool:
        """See Leases.hold."""
        self.asked.add(holder)
        if self.away:
            raise StoreUnavailable("down")
        if self.holder not in (None, holder):
            self.refused.add(holder)
            return False
        self.holder, self.seconds = holder, seconds
        return True

    async def let_go(self, name: str, holder: str) -> None:
        """See Leases.let_go."""
        if self.holder == holder:
            self.holder = None
