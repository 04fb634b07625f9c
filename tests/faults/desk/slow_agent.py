"""The agent as it is, over a model and a search that take their time; when each request began is known."""

from __future__ import annotations

import asyncio
import random
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.ports.chat_model import ChatRequest, Finished, TextDelta, ToolCall
from core.ports.responder import Responder

_TAG = re.compile(r"Q\d-t\d{4}")
_SLOW, _SLOW_SEARCH = 0.6, 1.5
_FACT = "The answer is ready, and it lies on the table in the hall."


def asked(number: int, tag: str) -> str:
    """What a customer asks."""
    return f"Is the answer Q{number}-{tag} ready?"


def answer(question: str) -> str:
    """What the agent says to it, as far as it is the same everywhere."""
    return f"The answer {question} is ready"


class SlowModel:
    """Implements ChatModel and Retriever. ``begun``: when requests about a tag began. ``moments`` are set as they come."""

    name = "slow"

    def __init__(self, rng: random.Random) -> None:
        self.begun: dict[str, list[float]] = defaultdict(list)
        self.moments: dict[tuple[str, str], asyncio.Event] = defaultdict(asyncio.Event)
        self._rng = rng

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """Sometimes looks for more first."""
        question = _TAG.findall(" ".join(one.content for one in request.messages if one.role == "user"))[-1]
        self._reach("asked", question)
        self.begun[question[-5:]].append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._rng.uniform(0.0, _SLOW))
        if request.messages[-1].role != "tool" and self._rng.random() < 0.4:
            arguments = f'{{"query": "{question}"}}'
            yield Finished("tool_calls", (ToolCall("c1", "search_knowledge", arguments),))
            return
        for piece in (f"The answer {question}", " is ready [1].", " It lies on", " the table [1]."):
            yield TextDelta(piece)
            self._reach("shown", question)
            await asyncio.sleep(self._rng.uniform(0.0, _SLOW / 3))
        yield Finished("stop")

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        """See Retriever."""
        for question in _TAG.findall(query):
            self._reach("searched", question)
        await asyncio.sleep(self._rng.uniform(0.0, _SLOW_SEARCH))
        passage = Passage("p1", "d1", "Answers", _FACT, "answers.md", 0.9)
        return Retrieval((passage,), 0.5)

    async def ready(self) -> bool:
        """See Retriever."""
        return True

    def make(
        self, _settings: Any, _retriever: Any, store: Any, clock: Any, _metrics: Any, _end: AsyncExitStack, *_more: Any
    ) -> Responder:
        """In the shape in which the hub makes its responder."""
        return AgentLoop(self, self, store, AgentSettings(company_name="Tidepool"), clock, tickets=store)

    def _reach(self, moment: str, question: str) -> None:
        self.moments[question, moment].set()
