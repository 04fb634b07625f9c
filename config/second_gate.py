"""Whether the model looks over its own answers, as the settings say."""

from __future__ import annotations

from config.settings import Settings
from core.agent.verifier import ModelVerifier
from core.ports.chat_model import ChatModel
from core.ports.clock import Clock


def make_verifier(settings: Settings, model: ChatModel, clock: Clock) -> ModelVerifier | None:
    """What the model is asked about its own answers; None where the rule is to decide alone."""
    return ModelVerifier(model, clock) if settings.agent_verify == "model" else None
