"""Answers each conversation with the responder of its channel, or of its account there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class ResponderByChannel:
    """Implements Responder. ``special``: by ``channel`` or ``channel:account``, which comes first; ``usual`` for all others."""

    usual: Responder
    special: Mapping[str, Responder]

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        return await self._responder(turn).respond(turn, turn_id, events)

    def _responder(self, turn: TurnState) -> Responder:
        key = turn.conversation.key
        of_channel = self.special.get(key.channel, self.usual)
        return self.special.get(f"{key.channel}:{key.account}", of_channel)
