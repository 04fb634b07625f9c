"""What checks sentences and actions about which code alone cannot decide, as the settings say."""

from __future__ import annotations

from config.settings import Settings
from core.agent.consent import ActionCheck
from core.agent.verifier import ModelVerifier
from core.ports.chat_model import ChatModel
from core.ports.clock import Clock
from core.ports.verifier import Verifier


def make_verifier(settings: Settings, model: ChatModel, clock: Clock) -> Verifier | None:
    """The model as verifier of its own answers, or the one of AGENT_VERIFY_MODEL; None where code is to decide alone."""
    return None if settings.agent_verify == "rule" else ModelVerifier(model, clock)


def make_action_check(settings: Settings, model: ChatModel, clock: Clock) -> ActionCheck | None:
    """What is asked whether a customer wants what a tool would change; None where code is to decide alone."""
    return None if settings.agent_verify == "rule" else ActionCheck(model, clock)
