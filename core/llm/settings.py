"""Where the language model is and how long to wait for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

AnswerFormatChoice = Literal["auto", "parts", "text"]
"""Whether an answer format is asked for: as the endpoint has proved (``auto``), always (``parts``), or never (``text``)."""


@dataclass(frozen=True, slots=True)
class AzureDeployment:
    """An Azure OpenAI resource: its endpoint, the deployment's name and the API version to ask for."""

    endpoint: str
    deployment: str
    api_version: str


@dataclass(frozen=True, slots=True)
class OpenAIChatSettings:
    """OpenAI itself, any compatible endpoint (``base_url``), or Azure (``azure``). Times are seconds.

    ``first_chunk_seconds``: a reasoning model thinks before its first word. ``idle_seconds``: the longest silence after
    that. ``retry_seconds``: how long refusals that may pass (429, 5xx, no connection) are retried before the first word;
    a ``Retry-After`` past it fails at once.
    """

    model: str
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    azure: AzureDeployment | None = None
    connect_seconds: float = 5.0
    first_chunk_seconds: float = 45.0
    idle_seconds: float = 20.0
    retry_seconds: float = 20.0
    max_attempts: int = 4
    answer_format: AnswerFormatChoice = "auto"

    @property
    def name(self) -> str:
        """How logs and metrics call this model."""
        return f"azure:{self.azure.deployment}" if self.azure else self.model

    @property
    def limit_field(self) -> str:
        """OpenAI's newer models refuse ``max_tokens``; most compatible servers know nothing else."""
        return "max_tokens" if self.base_url and not self.azure else "max_completion_tokens"
