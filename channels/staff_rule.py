"""Who works for the company where customers and staff write in the same place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StaffRule:
    """``domains``: of staff's mail addresses. ``overrides``: by a person's id or address, whether they are staff."""

    domains: frozenset[str] = frozenset()
    overrides: Mapping[str, bool] = field(default_factory=dict)

    @property
    def asks_for_addresses(self) -> bool:
        """Whether somebody's mail address says anything about them."""
        return bool(self.domains) or any("@" in one for one in self.overrides)

    def overridden(self, *names: str | None) -> bool | None:
        """What is set for one person, by any of their names; None where nothing is."""
        return next((self.overrides[one] for one in names if one is not None and one in self.overrides), None)

    def has_domain(self, address: str) -> bool:
        """Whether the address is in one of the domains, not in one below it."""
        return address.rpartition("@")[2] in self.domains
