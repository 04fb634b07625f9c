"""How the agent answers: for all channels, and what differs for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from channels import registry
from config.groups import SettingsGroup
from config.listed import Listed, read_table
from core.agent.settings import Strictness

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""Of Chat Completions; no model takes them all."""


class AgentOverride(BaseModel):
    """What differs for one channel, or for one account of it. What is None is as everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passages: int | None = Field(None, ge=1, le=20)
    temperature: float | None = Field(None, ge=0, le=2)
    reasoning_effort: ReasoningEffort | None = None
    history_tokens: int | None = Field(None, ge=0, le=8_000)
    answer_tokens: int | None = Field(None, ge=50, le=32_000)
    strictness: Strictness | None = None
    threshold: float | None = Field(None, ge=-1, le=1)


def _known(given: Mapping[str, AgentOverride]) -> Mapping[str, AgentOverride]:
    for place in given:
        channel, parted, account = place.partition(":")
        if channel not in registry.names() or (parted and not account.strip()):
            known = ", ".join(registry.names())
            raise ValueError(f"{place!r} is neither a channel ({known}) nor channel:account, such as slack:T024BE7LD")
    return given


class AnswersGroup(SettingsGroup):
    """How the agent answers."""

    title: ClassVar[str] = "Answers"

    agent_passages: int = Field(
        5, ge=1, le=20, description="Passages of the knowledge that a question is answered from."
    )
    agent_temperature: float | None = Field(
        None, ge=0, le=2, description="The model's temperature. Not set: the endpoint's own; some models take no other."
    )
    agent_reasoning_effort: ReasoningEffort | None = Field(
        None,
        description="How long a reasoning model thinks before it answers. Not set: the endpoint's own. A model that refuses it "
        "is asked without it, and switchboard doctor says so.",
    )
    agent_rules_path: Path | None = Field(
        None,
        description="A file or a folder with your own rules for the agent, as text: rules.md for all, channels/CHANNEL.md, "
        "channels/CHANNEL/ACCOUNT.md. About 2,000 tokens at most. Read at the start; only with a language model.",
    )
    agent_history_tokens: int = Field(
        3_000,
        ge=0,
        le=8_000,
        description="Tokens of earlier messages that the model is shown; what is older is left to the memory.",
    )
    agent_answer_tokens: int = Field(
        4_000,
        ge=50,
        le=32_000,
        description="Tokens that one answer of the model may have, with what a reasoning model thinks before it.",
    )
    agent_answer_format: Literal["auto", "parts", "text"] = Field(
        "auto",
        description="parts: the model is asked for JSON in which each part names what it rests on. text: for text with source "
        "numbers. auto: for parts, until the endpoint has refused or ignored that several times in a row.",
    )
    agent_strictness: Literal["quote", "verify", "trust"] = Field(
        "verify",
        description="What a sentence of the model needs to be shown. quote: code proves it. verify: code proves it, or the "
        "verifier finds it borne out. trust: nothing refutes it; only what names no source is put to the verifier.",
    )
    agent_verify_model: str | None = Field(
        None,
        description="The model that checks answers, at the same endpoint (of Azure the deployment): a small, fast one. Not set: "
        "the model that answers.",
    )
    agent_summary_model: str | None = Field(
        None,
        description="The model that sums up for staff what was said before a case, at the same endpoint (of Azure the "
        "deployment). Not set: the model that answers.",
    )
    agent_memory_model: str | None = Field(
        None,
        description="The model that reads conversations at rest for the memory, at the same endpoint (of Azure the deployment). "
        "Not set: the model that answers.",
    )
    agent_translation_model: str | None = Field(
        None,
        description="The model that translates between customers and staff, and the hub's fixed sentences, at the same endpoint "
        "(of Azure the deployment). Not set: the model that answers.",
    )
    agent_vision_model: str | None = Field(
        None,
        description="The model that reads pictures, at the same endpoint (of Azure the deployment). Not set: the model that "
        "answers. off: none; text in pictures is read by Tesseract where it is installed.",
    )
    agent_transcription_model: str | None = Field(
        None,
        description="The model that writes down voice notes and the sound of videos, at the same endpoint (of Azure the "
        "deployment). Not set: gpt-transcribe at OpenAI's own, none elsewhere. off: none.",
    )
    ocr_languages: Listed = Field(
        ("eng", "deu", "fra", "spa"),
        description="Languages of text in pictures and scans, as Tesseract names them; those that are not installed are left "
        "out. Each makes reading slower.",
    )
    memory: bool = Field(
        True,
        description="What customers say of themselves in private conversations is remembered, with a model also in short what "
        "was said long ago. false: nothing new is, nothing is told to the agent, and what is kept goes after MEMORY_DAYS.",
    )
    memory_rest_minutes: float = Field(
        10.0,
        gt=0,
        le=1_440,
        description="How long nothing is written in a conversation before it is read for the memory.",
    )
    memory_days: int = Field(
        365,
        ge=0,
        description="Facts that were neither said nor needed for so many days are forgotten, and so are summaries of "
        "conversations in which nothing was written for that long. 0 keeps them for ever.",
    )
    agent_overrides: Annotated[
        Mapping[str, AgentOverride], NoDecode, BeforeValidator(read_table), AfterValidator(_known)
    ] = Field(
        {},
        description="What differs for a channel, or for an account of it such as a Slack team: tables in switchboard.toml, or "
        'JSON such as {"sms": {"passages": 3, "answer_tokens": 600}, "slack:T024BE7LD": {"strictness": "quote"}}. Each may set '
        "passages, temperature, reasoning_effort, answer_tokens, history_tokens, strictness (AGENT_STRICTNESS) and threshold "
        "(KNOWLEDGE_THRESHOLD).",
    )
