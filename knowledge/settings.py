"""What the knowledge base needs to be told. The composition root fills this in; nothing here reads the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from knowledge.sources.options import SourceOptions


@dataclass(frozen=True, slots=True)
class KnowledgeSettings:
    """Times are seconds. One process at a time may own ``directory``; whoever opens the knowledge holds that lock."""

    directory: Path
    """Where the embedded index lives (``DATA_DIR/chroma``). Not used when ``chroma_url`` is set."""

    chroma_url: str | None = None
    """A Chroma server, such as ``http://chroma:8000``; several processes may then share the index."""

    database_url: str | None = None
    """The hub's database. If it is PostgreSQL, and ``chroma_url`` is set, the manifest is there. It may hold a password."""

    embedding_model: str | None = None
    """A folder or a model's name for sentence-transformers. None: the bundled all-MiniLM-L6-v2, which needs no network."""

    embedding_precision: str = "fp32"
    """``int8`` rounds the weights, if the model stands it: smaller and faster, and a little off."""

    sample: Path | None = None
    """The sample documents, where nothing else is configured: an empty data folder starts with their prepared index."""

    models: Path | None = None
    """Where models lie that were made ready for ONNX Runtime. None: beside ``directory``."""

    embedding_url: str | None = None
    """A server with OpenAI's protocol that embeds instead, ending in ``/v1``; ``embedding_model`` is then its model's name."""

    embedding_key: str | None = field(default=None, repr=False)
    """That server's key, where it wants one."""

    embedding_dimensions: int | None = None
    """How long its vectors shall be, for models that can shorten them; None leaves it to the model."""

    embedding_limit: int | None = None
    """Tokens of a text that its model reads; None takes OpenAI's for OpenAI's models and 512 for others."""

    mask_personal_data: bool = False
    """Whether e-mail addresses, telephone numbers and the like are replaced before that server gets a text."""

    reranker_model: str | None = None
    """A cross-encoder in this process: a folder or a model's name. None: the search's own order and scores."""

    reranker_seconds: float = 1.5
    """How long a question waits for it."""

    query_prompt: str | None = None
    """Put before each question; None leaves it to the model's own configuration."""

    document_prompt: str | None = None
    """Put before each passage; None leaves it to the model's own configuration."""

    threshold: float | None = None
    """The cosine under which nothing is quoted as an answer; None takes what is measured for this knowledge base."""

    labelled: Path | None = None
    """A folder with labelled questions by which that cosine is set, in place of what is measured without any."""

    regression: Path | None = None
    """A folder with questions that a proposed entry must not take the right answer from. None: those to the sample knowledge."""

    environment: dict[str, str] | None = field(default=None, repr=False)
    """Of the processes that load models, index and fetch. None: that of whoever starts them."""

    sources: tuple[SourceOptions, ...] = ()
    """What is said about sources; one that is not among them has all defaults."""

    mirrors: Path | None = None
    """Where copies of sources lie that are elsewhere (``DATA_DIR/knowledge/sources``). None: there are no such sources."""

    learned: Path | None = None
    """The file of what staff approved, on this machine. None: nobody approves anything here."""

    chunk_tokens: int = 128
    """The aim for the length of a passage; never above the model's own limit."""

    threads: int | None = None
    """Threads for indexing; None leaves one core to whoever answers customers. A question always takes one."""

    query_timeout: float = 20.0
    """How long a question may take in all, waiting for the model to load included."""

    convert_timeout: float = 120.0
    """How long one document may take to be read before it counts as broken."""

    max_file_bytes: int = 100 * 1024 * 1024
    """Larger documents are refused."""

    stop_timeout: float = 5.0
    """How long the process behind the knowledge gets to end by itself."""

    def __post_init__(self) -> None:
        """The process behind the knowledge has a working folder of its own, so no path may depend on it."""
        object.__setattr__(self, "directory", self.directory.absolute())
