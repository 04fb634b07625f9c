"""Opens Chroma: embedded in a folder, or a server. Nothing is reported to its makers."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from core.domain.errors import ConfigError


def open_chroma(directory: Path, url: str | None) -> Any:
    """A Chroma client. Raises ConfigError for an address that is not one; a server that is away raises when asked."""
    _leave_unused_unloaded()
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if url is None:
        return EmbeddedChroma(directory, settings)
    host, port, secure = _address(url)
    return chromadb.HttpClient(host=host, port=port, ssl=secure, settings=settings)


class EmbeddedChroma:
    """A client for a folder. Chroma 1.5.9 keeps a collection in memory after it was deleted, until the client is closed."""

    def __init__(self, directory: Path, settings: Any) -> None:
        self.directory = directory
        self._settings = settings
        self._client = self._open()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def renew(self) -> None:
        """Closes the client and opens another one; collections that were taken from it must be taken again."""
        self._client.close()
        self._client = self._open()

    def _open(self) -> Any:
        import chromadb

        self.directory.mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(path=str(self.directory), settings=self._settings)


def _leave_unused_unloaded() -> None:
    """Chroma and httpx load an exporter of traces with gRPC, and a command line, which are never called: 10 MB, and seconds."""
    exporter = ModuleType("opentelemetry.exporter.otlp.proto.grpc.trace_exporter")
    exporter.OTLPSpanExporter = None  # type: ignore[attr-defined]
    sys.modules.setdefault(exporter.__name__, exporter)
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def _address(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("CHROMA_URL must look like http://host:8000 or https://host")
    secure = parts.scheme == "https"
    return parts.hostname, port or (443 if secure else 8000), secure
