"""How often a provider may be called, counted across all processes."""

from __future__ import annotations

from typing import Protocol

from core.domain.capabilities import Pace


class Paces(Protocol):
    """Paces by key. Every method raises StoreUnavailable."""

    async def reserve(self, key: str, pace: Pace, want: int) -> tuple[int, float]:
        """Take up to ``want`` sends from a shared pace: how many were granted, and seconds to wait when none was."""

    async def pause(self, key: str, seconds: float) -> None:
        """The provider asked for a pause: no process is granted a send of this pace for ``seconds``."""
