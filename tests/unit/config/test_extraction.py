"""Which models read pictures and recordings, by the settings alone."""

from __future__ import annotations

from typing import Any, cast

import pytest

from config.extraction import sees, transcriber
from config.settings import Settings
from core.clock import SystemClock
from core.llm.transcription import OpenAITranscriber
from core.ports.budgets import NoBudgets
from core.ports.metrics import NoMetrics

_OWN = {"openai_api_key": "sk-0123456789"}
_LOCAL = {"openai_base_url": "http://127.0.0.1:11434/v1"}
_AZURE = {
    "azure_openai_endpoint": "https://name.openai.azure.com",
    "azure_openai_api_key": "k-0123456789",
    "azure_openai_deployment": "support",
}


def _settings(given: dict[str, str]) -> Settings:
    return Settings.model_validate({**given, "_env_file": None})


@pytest.mark.parametrize(
    ("given", "url", "model"),
    [
        ({}, None, None),
        (_OWN, "https://api.openai.com/v1/audio/transcriptions", "gpt-transcribe"),
        (_OWN | {"agent_transcription_model": "off"}, None, None),
        (_LOCAL, None, None),
        (
            _LOCAL | {"agent_transcription_model": "whisper"},
            "http://127.0.0.1:11434/v1/audio/transcriptions",
            "whisper",
        ),
        (_AZURE, None, None),
        (
            _AZURE | {"agent_transcription_model": "ears", "azure_openai_api_version": "2025-01-01"},
            "https://name.openai.azure.com/openai/deployments/ears/audio/transcriptions?api-version=2025-01-01",
            "ears",
        ),
        ({"agent_transcription_model": "whisper"}, None, None),
    ],
)
def test_recordings_go_to_openai_or_to_a_model_that_is_named(
    given: dict[str, str], url: str | None, model: str | None
) -> None:
    made: Any = cast(OpenAITranscriber | None, transcriber(_settings(given), SystemClock(), NoBudgets(), NoMetrics()))
    assert (made and made.settings.url, made and made.settings.model) == (url, model)


@pytest.mark.parametrize(
    ("given", "shown"),
    [({}, False), (_OWN, True), (_LOCAL, True), (_OWN | {"agent_vision_model": "off"}, False)],
)
def test_pictures_are_shown_to_the_model_unless_that_is_off(given: dict[str, str], shown: bool) -> None:
    assert sees(_settings(given)) is shown
