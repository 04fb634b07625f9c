"""Who the staff are."""

from __future__ import annotations

from typing import Protocol


class People(Protocol):
    """Names of staff members, as customers are to read them."""

    async def called(self, staff_id: str) -> str | None:
        """None while it is not known; never an error."""
        ...

    async def gone(self, staff_id: str) -> bool:
        """Whether that account was closed. False while it is not known; never an error."""
        ...
