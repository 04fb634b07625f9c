"""Says "I don't know" in languages that the language files have no texts in, through the model."""

from __future__ import annotations

from dataclasses import replace

from core.agent.language import detect_surely, supported
from core.agent.routing import asked
from core.agent.texts import texts_for
from core.domain.messages import MessageKind
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState
from core.ports.translator import Translator


class ForeignTexts:
    """Implements Responder over another one. ``translator`` gets our own sentence only, so what it remembers is no customer's."""

    def __init__(self, responder: Responder, translator: Translator, company: str) -> None:
        self._responder = responder
        self._translator = translator
        self._company = company

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder. The sentence stays as it is where the language is not sure or the model fails."""
        reply = await self._responder.respond(turn, turn_id, events)
        if reply.kind is not MessageKind.UNKNOWN or reply.text != texts_for(turn, self._company).say("unknown"):
            return reply
        language = detect_surely("\n".join(message.text for message in asked(turn)))
        if language is None or supported(language):
            return reply
        found = await self._translator.translate(reply.text, language)
        return replace(reply, text=found.text) if found.text else reply
