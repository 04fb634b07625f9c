"""The responder without a model keeps the contract."""

from __future__ import annotations

from core.agent.settings import AgentSettings
from core.llm.extractive import ExtractiveResponder
from core.ports.responder import Responder
from tests.contract.responders.contract import ResponderContract
from tests.contract.responders.world import Docs, SteppingClock


class TestExtractiveResponder(ResponderContract):
    def make(self, docs: Docs) -> Responder:
        settings = AgentSettings(company_name="Tidepool", escalation_keywords=("legal action",))
        return ExtractiveResponder(docs, settings, SteppingClock())
