"""The product's agent over a model that notes who had the conversation whenever it was asked; it answers with its question."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.domain.conversation import OwnershipState
from core.domain.messages import MessageKind
from core.ports.chat_model import ChatRequest, Finished, TextDelta
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.storage.store import SqlStore
from tests.contract.responders.world import Docs, SteppingClock, say


class NotingModel:
    """Implements ChatModel. ``asked_while``: the owner's state at each request, as the database has it."""

    name = "noting"

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.about = ""
        self.asked_while: list[OwnershipState] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel."""
        conversation = await self._store.conversation(self.about)
        assert conversation is not None
        self.asked_while.append(conversation.state)
        for item in say("Hello!", size=10):
            yield item


class AskedAgent:
    """Implements Responder. Whether the model may be asked at all is the product's loop's to find out; nothing here looks."""

    def __init__(self, store: SqlStore) -> None:
        self._model = NotingModel(store)
        self._loop = AgentLoop(self._model, Docs({}), store, AgentSettings(company_name="Acme"), SteppingClock())

    @property
    def asked_while(self) -> list[OwnershipState]:
        """See NotingModel."""
        return self._model.asked_while

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        self._model.about = turn.conversation.id
        await self._loop.respond(turn, turn_id, events)
        return Reply(" ".join(["Agent:", *(message.text for message in turn.pending)]), MessageKind.ANSWER)
