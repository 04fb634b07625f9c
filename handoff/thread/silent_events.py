"""Turn events that show nothing: staff read only the finished answer."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.messages import Citation


class SilentTurnEvents:
    """Implements core.ports.responder.TurnEvents and ignores every event."""

    async def text(self, sentence: str) -> None:
        """Not shown."""

    def forbid_restart(self) -> None:
        """Nothing is begun anew."""

    async def tool_call(self, name: str, state: str) -> None:
        """Not shown."""

    async def sources(self, citations: Sequence[Citation]) -> None:
        """Not shown."""

    async def discard(self) -> None:
        """Nothing was shown."""
