"""Who the staff are."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Membership(StrEnum):
    """guest: of another workspace, a guest of this one, an app or a workflow. unknown: it cannot be told at the moment."""

    STAFF = "staff"
    GUEST = "guest"
    UNKNOWN = "unknown"


class People(Protocol):
    """Names of staff members, as customers are to read them."""

    async def called(self, staff_id: str) -> str | None:
        """None while it is not known; never an error."""
        ...

    async def gone(self, staff_id: str) -> bool:
        """Whether that account was closed. False while it is not known; never an error."""
        ...


class Members(Protocol):
    """Who may work on cases."""

    async def membership(self, staff_id: str) -> Membership:
        """Whether they belong to the workspace; never an error."""
        ...
