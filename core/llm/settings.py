"""Where the language model is and how long to wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AnswerFormatChoice = Literal["auto", "parts", "text"]
"""Whether an answer format is asked for: as the endpoint has proved (``auto``), always (``parts``), or never (``text``)."""


@dataclass(frozen=True, slots=True)
class OpenAIChatSettings:
    """Where and how a model is asked. Times are seconds.

    ``url``: where completions are made. ``headers``: with the key. ``name``: how logs and metrics call the model.
    ``limit_field``: OpenAI's newer models refuse ``max_tokens``; most compatible servers know nothing else.
    ``first_chunk_seconds``: a reasoning model thinks before its first word. ``idle_seconds``: the longest silence after
    that. ``retry_seconds``: how long refusals that may pass (429, 5xx, a refused connection) are retried before the first word;
    a ``Retry-After`` past it fails at once.
    """

    model: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str = ""
    limit_field: str = "max_tokens"
    proxy: str | None = field(default=None, repr=False)
    connect_seconds: float = 5.0
    first_chunk_seconds: float = 45.0
    idle_seconds: float = 20.0
    retry_seconds: float = 20.0
    max_attempts: int = 4
    answer_format: AnswerFormatChoice = "auto"
