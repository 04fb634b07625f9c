"""What is answered from, and how it is found."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from config.described_sources import DescribedSource
from config.groups import SettingsGroup
from config.listed import Listed


class KnowledgeGroup(SettingsGroup):
    """What is answered from, and how it is found."""

    title: ClassVar[str] = "Knowledge"

    knowledge_sources: Listed = Field(
        description="Files, folders, patterns, web sites and repositories to answer from."
    )
    knowledge_source: tuple[DescribedSource, ...] = Field((), description="Sources as tables in switchboard.toml.")
    embedding_model: str | None = Field(
        None, description="A sentence-transformers model: a folder or a name. Default: the bundled all-MiniLM-L6-v2."
    )
    embedding_precision: Literal["fp32", "int8"] = Field(
        "fp32", description="int8 is smaller, faster and a little off; it is used if the model's vectors stand it."
    )
    embedding_cache: Path | None = Field(
        None, description="Keeps models made ready for ONNX. Default: DATA_DIR/models."
    )
    embedding_base_url: str | None = Field(None, description="A server as OpenAI's that embeds instead; ends in /v1.")
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
    corpus_dir: Path | None = Field(
        None, description="A folder of question sets that switchboard evaluate asks when none is named."
    )
