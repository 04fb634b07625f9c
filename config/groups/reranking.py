"""A second look at what was found."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from config.addresses import WebAddress
from config.groups import SettingsGroup


class RerankingGroup(SettingsGroup):
    """A second look at what was found."""

    title: ClassVar[str] = "Reranking"

    reranker_url: WebAddress | None = Field(
        None, description="A server that reranks: the whole address, such as https://api.jina.ai/v1/rerank."
    )
    reranker_api_key: SecretStr | None = Field(None, description="The key of RERANKER_URL, where it wants one.")
    reranker_model: str | None = Field(
        None,
        description="With RERANKER_URL its model's name; not set: the server is one of Text Embeddings Inference. Without it a "
        "cross-encoder for the hub's own process: a folder, or the name of a model that is on this machine.",
    )
    reranker: str | None = Field(None, description="A reranker from another package, by name, in place of a server.")
    reranker_seconds: float = Field(
        1.5, gt=0, description="How long a question waits for it; after that the search's own order stays."
    )

    @field_validator("reranker_model")
    @classmethod
    def _reranker_folder(cls, value: str | None) -> str | None:
        if not value or not value.startswith(("/", "./", "../", "~")):
            return value
        folder = Path(value).expanduser().absolute()
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        return str(folder)
