"""Chroma in this process: embedded in a folder, or a server's client. Nothing is reported to its makers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import ConfigError

Matrix = NDArray[np.float32]


class ChromaFailed(Exception):
    """``kind``: what Chroma raised, NotFoundError say; empty when its process ended before it answered."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}" if kind else detail)
        self.kind = kind


class Chroma:
    """Opened with the first call, and again after ``close``: Chroma 1.5.9 keeps a collection in memory after it was deleted.

    ``directory`` is None where a server is used. Every method but ``close`` raises ChromaFailed.
    """

    def __init__(self, directory: Path, url: str | None) -> None:
        """Raises ConfigError for an address that is none."""
        self.directory = directory if url is None else None
        self._address = None if url is None else _address_of(url)
        self._client: Any = None

    def names(self) -> list[str]:
        """Of all collections."""
        return [collection.name for collection in self._call("list_collections")]

    def make(self, collection: str, configuration: Mapping[str, Any]) -> None:
        """The collection, unless it is there."""
        self._call("get_or_create_collection", collection, configuration=configuration, embedding_function=None)

    def remove(self, collection: str) -> None:
        """The collection and its vectors."""
        self._call("delete_collection", collection)

    def count(self, collection: str) -> int:
        """Vectors in a collection."""
        return int(self._in(collection, "count"))

    def put(self, collection: str, ids: Sequence[str], vectors: Matrix) -> None:
        """Stores vectors, durably, in the place of those with the same ids."""
        self._in(collection, "upsert", ids=ids, embeddings=vectors)

    def present(self, collection: str, ids: Sequence[str]) -> list[str]:
        """Which of them have a vector."""
        return list(self._in(collection, "get", ids=ids, include=[])["ids"])

    def get(self, collection: str, ids: Sequence[str]) -> tuple[list[str], Matrix]:
        """The ids that are there, with their vectors, in no order."""
        found = self._in(collection, "get", ids=ids, include=["embeddings"])
        return found["ids"], np.asarray(found["embeddings"], np.float32)

    def close(self) -> None:
        """Lets go of files, connections and memory."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _in(self, collection: str, method: str, **given: Any) -> Any:
        return _asked(self._call("get_collection", collection, embedding_function=None), method, **given)

    def _call(self, method: str, *given: Any, **named: Any) -> Any:
        if self._client is None:
            self._client = self._open()
        return _asked(self._client, method, *given, **named)

    def _open(self) -> Any:
        _leave_unused_unloaded()
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        try:
            if self.directory is not None:
                self.directory.mkdir(parents=True, exist_ok=True)
                return chromadb.PersistentClient(path=str(self.directory), settings=settings)
            assert self._address is not None
            host, port, secure = self._address
            return chromadb.HttpClient(host=host, port=port, ssl=secure, settings=settings)
        except Exception as error:
            raise ChromaFailed(type(error).__name__, str(error)) from error


def _asked(part: Any, method: str, *given: Any, **named: Any) -> Any:
    try:
        return getattr(part, method)(*given, **named)
    except Exception as error:
        raise ChromaFailed(type(error).__name__, str(error)) from error


def _leave_unused_unloaded() -> None:
    """Chroma and httpx load an exporter of traces with gRPC, and a command line, which are never called: 10 MB, and seconds."""
    exporter = ModuleType("opentelemetry.exporter.otlp.proto.grpc.trace_exporter")
    exporter.OTLPSpanExporter = None  # type: ignore[attr-defined]
    sys.modules.setdefault(exporter.__name__, exporter)
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def _address_of(url: str) -> tuple[str, int, bool]:
    """Host, port, and whether it is encrypted."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("CHROMA_URL must look like http://host:8000 or https://host")
    secure = parts.scheme == "https"
    return parts.hostname, port or (443 if secure else 8000), secure
