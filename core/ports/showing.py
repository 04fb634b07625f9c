"""What a channel has to do before it shows more of an answer that is being written, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.domain.capabilities import Pace
from core.domain.messages import Note
from core.ports.store import Claim


@dataclass(frozen=True, slots=True)
class WantedCalls:
    """Up to ``most`` calls of a pace, which all processes share under ``key``."""

    key: str
    pace: Pace
    most: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """``granted``: calls; ``wait``: seconds until there are some, where there are none. ``noted``: the note was kept.

    ``busy``: an earlier message of the conversation is on its way.
    """

    granted: int = 0
    wait: float = 0.0
    noted: bool = False
    busy: bool = False


class Showing(Protocol):
    """Asked right before each write to the platform, so that none begins once somebody else has the conversation."""

    async def begin_showing(self, claim: Claim, note: Note | None = None, calls: WantedCalls | None = None) -> Allowed:
        """Before the first words. Nothing is noted while an earlier message of the conversation is on its way, which would
        else come to stand below them, nor where calls are wanted and none is granted.

        Raises what ``go_on_showing`` raises.
        """

    async def go_on_showing(self, claim: Claim, note: Note | None = None) -> Allowed:
        """Before further words. Raises LostClaim, Superseded as Journal.still_held does, and StoreUnavailable."""
