"""The agent loop keeps the contract, over a model that reads its prompt and answers from the sources in it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

from core.agent.loop import AgentLoop
from core.agent.second_gate import ModelVerifier
from core.agent.settings import AgentSettings
from core.agent.wording import content_stems
from core.ports.chat_model import ChatRequest, Finished, TextDelta
from core.ports.responder import Responder
from tests.contract.responders.contract import ResponderContract
from tests.contract.responders.world import MemoryJournal, Shelf, SteppingClock, say

_SOURCE = re.compile(r'<source number="(\d+)"[^>]*>\n(.*?)\n</source>', re.DOTALL)


class ReadingModel:
    """Quotes the source line that shares most words with the question; invents an answer when none shares any."""

    name = "reading"

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        question = set(content_stems(request.messages[-1].content))
        lines = [
            (len(question & set(content_stems(line))), number, line.removeprefix("A: "))
            for message in request.messages
            for number, text in _SOURCE.findall(message.content)
            for line in text.splitlines()
            if not line.startswith("Q: ")
        ]
        shared, number, line = max(lines, default=(0, "0", ""))
        text = f"{line.rstrip('.')} [{number}]." if shared else "Yes, we sell those in every colour. Hello!"
        for item in say(text, size=3):
            yield item


class TestAgentLoop(ResponderContract):
    def make(self, shelf: Shelf) -> Responder:
        settings = AgentSettings(company_name="Tidepool", escalation_keywords=("legal action",))
        return AgentLoop(ReadingModel(), shelf, MemoryJournal(), settings, SteppingClock())


class AgreeingModel:
    """Says of every sentence that its passages say it."""

    name = "agreeing"

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        sentences = json.loads(request.messages[-1].content)["sentences"]
        for item in say(json.dumps({sentence["id"]: True for sentence in sentences})):
            yield item


class TestAgentLoopWithSecondGate(ResponderContract):
    def make(self, shelf: Shelf) -> Responder:
        settings = AgentSettings(company_name="Tidepool", escalation_keywords=("legal action",))
        clock = SteppingClock()
        verifier = ModelVerifier(AgreeingModel(), clock)
        return AgentLoop(ReadingModel(), shelf, MemoryJournal(), settings, clock, verifier=verifier)
