"""From settings to what reads customers' files: confined processes, and models for what those cannot read."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from config.agent_parts import chat_settings, make_model
from config.budgets import model_spending
from config.settings import Settings
from core.attachments.extract import ConfinedExtractor
from core.attachments.extraction_service import ExtractionService
from core.attachments.model_extractor import ModelExtractor
from core.confined.runner import ConfinedRunner
from core.llm.transcription import OpenAITranscriber
from core.ports.budgets import Budgets
from core.ports.chat_model import ChatModel
from core.ports.clock import Clock
from core.ports.extractor import AttachmentStore, Transcriber
from core.ports.metrics import Metrics
from core.ports.store import Records

_READERS_OF_MAIL = ("channels.email.confined",)
_READERS_OF_FILES = (
    "core.attachments.convert",
    "core.attachments.markitdown_readers",
    "core.attachments.pictures",
)
"""Modules that confined processes import once for all calls."""
_OFF = "off"


@dataclass(frozen=True, slots=True)
class ConfinedProcesses:
    """``files`` is apart from ``messages``: its libraries weigh much, and one file may take long."""

    messages: ConfinedRunner
    files: ConfinedRunner


def make_confined(closing: AsyncExitStack) -> ConfinedProcesses:
    """Processes that read foreign bytes. Each starts with its first call; ``closing`` ends them."""
    made = ConfinedProcesses(ConfinedRunner(_READERS_OF_MAIL), ConfinedRunner(_READERS_OF_FILES, idle_seconds=120.0))
    for runner in (made.messages, made.files):
        closing.push_async_callback(runner.close)
    return made


def make_extraction(
    settings: Settings,
    records: Records,
    files: AttachmentStore,
    confined: ConfinedProcesses,
    clock: Clock,
    metrics: Metrics,
    closing: AsyncExitStack,
    budgets: Budgets,
) -> ExtractionService:
    """The model that sees is made with the first picture, since that needs a running event loop."""

    def seer() -> ChatModel:
        return make_model(settings, clock, metrics, closing, budgets, "pictures", name=settings.agent_vision_model)

    inner = ConfinedExtractor(confined.files, settings.ocr_languages)
    listener = transcriber(settings, clock, budgets, metrics)
    extractor = ModelExtractor(inner, clock, settings.company_name, seer if sees(settings) else None, listener)
    by_models = (*(("image/",) if sees(settings) else ()), *(("audio/", "video/") if listener else ()))
    return ExtractionService(records, files, extractor, metrics=metrics, by_models=by_models)


def sees(settings: Settings) -> bool:
    """Whether pictures are shown to a model."""
    return settings.has_model and settings.agent_vision_model != _OFF


def transcriber(settings: Settings, clock: Clock, budgets: Budgets, metrics: Metrics) -> Transcriber | None:
    """What listens to recordings."""
    name = settings.transcription_model
    if not settings.has_model or name == _OFF:
        return None
    endpoint = chat_settings(settings, name, "audio/transcriptions")
    return OpenAITranscriber(endpoint, clock, model_spending(settings, budgets, metrics))
