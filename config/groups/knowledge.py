"""What is answered from, and how it is found."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from config.addresses import BaseAddress
from config.groups import SettingsGroup, long_enough
from config.knowledge.described_sources import DescribedSource
from config.listed import Listed
from knowledge.schedule import Schedule, zone_of
from knowledge.sources.options import CLOSED_TICKETS, TICKETS, guess_kind

_NIGHTLY = "17 3 * * *"


class KnowledgeGroup(SettingsGroup):
    """What is answered from, and how it is found."""

    title: ClassVar[str] = "Knowledge"

    knowledge_sources: Listed = Field(
        description="Files, folders, patterns, web sites and repositories to answer from."
    )
    knowledge_source: tuple[DescribedSource, ...] = Field((), description="Sources as tables in switchboard.toml.")
    knowledge_reindex_cron: str = Field(
        _NIGHTLY,
        description="When sources without a schedule of their own are read again, as in a crontab: minute, hour, day, month, "
        "day of the week. none: only when somebody asks for it. Empty: the default.",
    )
    knowledge_time_zone: str | None = Field(
        None, description="The time zone of schedules, such as Europe/Berlin. Empty or not set: DESK_TIME_ZONE."
    )
    knowledge_webhook_secret: SecretStr | None = Field(
        None,
        description="What POST /webhooks/knowledge has to prove; a list while it is being rotated. Not set: no such webhook.",
    )
    knowledge_watch: bool = Field(
        False, description="Index files of folders on this machine as soon as they change. For those who write them."
    )
    knowledge_max_file_bytes: int = Field(
        100 * 1024 * 1024,
        gt=0,
        description="The largest document that is read, in bytes. A larger one is reported, and the others go on.",
    )
    embedding_model: str | None = Field(
        None, description="A sentence-transformers model: a folder or a name. Default: the bundled all-MiniLM-L6-v2."
    )
    embedding_precision: Literal["fp32", "int8"] = Field(
        "fp32", description="int8 is smaller, faster and a little off; it is used if the model's vectors stand it."
    )
    embedding_cache: Path | None = Field(
        None,
        description="Keeps models made ready for ONNX, for all data folders. Default: share/switchboard/models in the virtual "
        "environment; else ~/.cache/switchboard/models; DATA_DIR/models where neither can be written.",
    )
    embedding_base_url: BaseAddress | None = Field(
        None, description="A server as OpenAI's that embeds instead; ends in /v1."
    )
    embedding_api_key: SecretStr | None = Field(None, description="The key of EMBEDDING_BASE_URL, where it wants one.")
    embedding_dimensions: int | None = Field(None, ge=1, description="Length of its vectors. Default: the model's own.")
    embedding_limit: int | None = Field(None, ge=32, description="Tokens that its model reads. Default: 8191 or 512.")
    embedding_query_prompt: str | None = Field(
        None, description="Put before each question for EMBEDDING_MODEL. Default: what the model's configuration says."
    )
    embedding_document_prompt: str | None = Field(
        None, description="Put before each passage for EMBEDDING_MODEL. Default: what the model's configuration says."
    )
    knowledge_threshold: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="The likeness (cosine) from which a passage is good enough to answer from. Default: measured for the "
        "knowledge base and the model when it is indexed.",
    )
    knowledge_labelled: Path | None = Field(
        None,
        description="A folder with questions of your own (queries.jsonl, oos.jsonl) by which that likeness is set instead.",
    )
    knowledge_regression: Path | None = Field(
        None,
        description="A folder of question sets whose right answers an entry that staff approve should not push out of the first "
        "place; they are told before it goes live. Default: those of KNOWLEDGE_LABELLED that name their answers, else those to "
        "the sample knowledge. What the index itself has an answer to is asked in any case.",
    )
    corpus_dir: Path | None = Field(
        None, description="A folder of question sets that switchboard evaluate asks when none is named."
    )

    @field_validator("knowledge_source", mode="before")
    @classmethod
    def _tables(cls, value: object) -> object:
        if isinstance(value, dict):
            raise ValueError("write [[knowledge_source]], with two brackets: there may be several")  # noqa: TRY004 - for pydantic
        return value

    @field_validator("embedding_model")
    @classmethod
    def _model_folder(cls, value: str | None) -> str | None:
        return str(Path(value).absolute()) if value and Path(value).is_dir() else value

    @field_validator("knowledge_sources")
    @classmethod
    def _known_tickets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(guess_kind(one) == TICKETS and one != CLOSED_TICKETS for one in value):
            raise ValueError(f"tickets have one address, which is {CLOSED_TICKETS}")
        return value

    @field_validator("knowledge_reindex_cron")
    @classmethod
    def _knowledge_schedule(cls, value: str) -> str:
        Schedule.parse(value.strip() or _NIGHTLY)
        return value.strip() or _NIGHTLY

    @field_validator("knowledge_time_zone")
    @classmethod
    def _knowledge_zone(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        zone_of(value)
        return value

    _webhook_secret_is_long = field_validator("knowledge_webhook_secret")(long_enough)
