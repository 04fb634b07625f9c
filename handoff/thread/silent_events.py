"""Takes what is shown while an answer is made, where only the whole answer is to be read."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.messages import Citation


class Unseen:
    """Implements core.ports.responder.TurnEvents: staff are shown the whole answer, not how it came to be."""

    async def text(self, sentence: str) -> None:
        """Not shown."""

    async def tool_call(self, name: str, state: str) -> None:
        """Not shown."""

    async def sources(self, citations: Sequence[Citation]) -> None:
        """Not shown."""

    async def discard(self) -> None:
        """Nothing was shown."""
