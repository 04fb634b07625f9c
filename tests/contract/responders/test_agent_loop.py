"""The agent loop keeps the contract, over a model that reads its prompt and answers from the sources in it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.verifier import ModelVerifier
from core.agent.wording import content_stems
from core.ports.chat_model import ChatRequest, Finished, TextDelta
from core.ports.responder import Responder
from tests.contract.responders.contract import ResponderContract
from tests.contract.responders.world import Docs, MemoryJournal, SteppingClock, say

_SOURCE = re.compile(r'<source number="(\d+)"[^>]*>\n(.*?)\n</source>', re.DOTALL)

_NEAR = set(content_stems("money back zurück"))
"""Shared with passages that are near and hold no answer: a model sees that."""


class ReadingModel:
    """Quotes the source line that shares most words with the question; invents an answer when none shares any."""

    name = "reading"

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        question = set(content_stems(request.messages[-1].content)) - _NEAR
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
    def make(self, docs: Docs) -> Responder:
        settings = AgentSettings(company_name="Tidepool", escalation_keywords=("legal action",))
        return AgentLoop(ReadingModel(), docs, MemoryJournal(), settings, SteppingClock())


class ComparingModel:
    """Says of a sentence that it is borne out when most of its words stand in the passages."""

    name = "comparing"

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        data = json.loads(request.messages[-1].content)
        held = {stem for passage in data["passages"] for stem in content_stems(passage["text"])}
        verdicts = {one["id"]: _shared(one["text"], held) > 0.5 for one in data["sentences"]}
        for item in say(json.dumps(verdicts)):
            yield item


def _shared(text: str, held: set[str]) -> float:
    stems = set(content_stems(text))
    return len(stems & held) / max(1, len(stems))


class TestAgentLoopWithVerifier(ResponderContract):
    def make(self, docs: Docs) -> Responder:
        settings = AgentSettings(company_name="Tidepool", escalation_keywords=("legal action",))
        clock = SteppingClock()
        verifier = ModelVerifier(ComparingModel(), clock)
        return AgentLoop(ReadingModel(), docs, MemoryJournal(), settings, clock, verifier=verifier)
