"""Answers each conversation with the responder of its channel, or of its account there."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState


class ResponderByChannel:
    """Implements Responder. ``special``: by ``channel`` or ``channel:account``, which comes first; ``usual`` for all others."""

    def __init__(self, usual: Responder, special: Mapping[str, Responder]) -> None:
        self._usual = usual
        self._special = special

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        return await self._responder(turn).respond(turn, turn_id, events)

    def _responder(self, turn: TurnState) -> Responder:
        key = turn.conversation.key
        of_channel = self._special.get(key.channel, self._usual)
        return self._special.get(f"{key.channel}:{key.account}", of_channel)
