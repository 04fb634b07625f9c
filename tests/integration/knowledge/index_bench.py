"""Indexes a folder with real files, a real Chroma and a real manifest, and counts what was embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import IndexReport, KnowledgeAudience, Passage
from knowledge.chunk.chunker import Chunker
from knowledge.convert.converter import Converter
from knowledge.index.client import Chroma
from knowledge.index.database import ManifestDatabase, open_database
from knowledge.index.order import IndexOrder
from knowledge.index.reader import Reader
from knowledge.index.run import IndexRun
from knowledge.index.snapshot import Snapshot
from knowledge.index.vectors import Vectors
from knowledge.index.writing import IndexWriter
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from knowledge.sources import Catalog
from tests.unit.knowledge.wordpiece import WordPieceCounter

LONG_AFTER = 4_000_000_000.0
"""A present in which every file of a test was written long ago."""


class Bench:
    """Vectors are hashes: equal texts have cosine 1. Time stands still, unless a test moves it."""

    def __init__(
        self, folder: Path, chroma: Path, client: Chroma | None = None, database: ManifestDatabase | None = None
    ) -> None:
        self.folder = folder
        self.directory = chroma
        self.client = client or Chroma(chroma, None)
        self.database = database or open_database(chroma.with_name("knowledge.db"), None)
        self.embedded: list[str] = []
        self.break_after: int | None = None
        self.seconds = 0.0
        self.now = LONG_AFTER
        self.committed: Callable[[], object] = lambda: None
        self.catalog = Catalog()

    def close(self) -> None:
        """Close Chroma's client, which holds a dozen descriptors."""
        self.client.close()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.break_after is not None and len(self.embedded) >= self.break_after:
            raise RuntimeError("pulled the plug")
        self.embedded.extend(texts)
        return np.stack([vector(text) for text in texts])

    def index(self, fingerprint: str = "model1") -> IndexWriter:
        return IndexWriter(self.client, self.database, fingerprint)

    def run(
        self,
        recipe: str = "r",
        fingerprint: str = "model1",
        max_bytes: int = 10_000,
        order: IndexOrder | None = None,
    ) -> IndexReport:
        self.embedded.clear()
        run = self.made(recipe, fingerprint, max_bytes)
        return run.run(order or IndexOrder([str(self.folder)]), lambda progress: None)

    def made(self, recipe: str = "r", fingerprint: str = "model1", max_bytes: int = 10_000) -> IndexRun:
        return IndexRun(
            self.index(fingerprint),
            Chunker(WordPieceCounter(), 64),
            Converter(),
            self.embed,
            recipe=recipe,
            max_bytes=max_bytes,
            clock=lambda: self.seconds,
            now=lambda: self.now,
            committed=lambda: self.committed(),
            catalog=self.catalog,
        )

    def reader(self, fingerprint: str = "model1") -> Reader[Snapshot]:
        return Reader(self.client, self.index(fingerprint).manifest, lambda snapshot: snapshot)

    def found(self, text: str, limit: int = 5, audience: KnowledgeAudience = KnowledgeAudience.PUBLIC) -> list[Passage]:
        """What a reader that begins now finds."""
        return search(self.reader().current, None, text, vector(text), Filters(audience), limit)

    def sources(self) -> set[str]:
        return {document.source for document in self.index().documents().values()}

    def collections(self) -> set[str]:
        return set(self.client.names())

    def vectors(self, fingerprint: str = "model1") -> Vectors:
        """Those that readers are told of now."""
        manifest = self.index(fingerprint).manifest
        return Vectors(self.client, manifest.collections, manifest.pointer().generation)

    def collection(self, fingerprint: str = "model1") -> str:
        """The one in which they are."""
        manifest = self.index(fingerprint).manifest
        return manifest.collections.name(manifest.pointer().generation)


def vector(text: str) -> NDArray[np.float32]:
    """Of length 1, as an Embedder's."""
    values = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8).astype(np.float32) - 127.5
    length: np.float32 = np.linalg.norm(values)
    return values / length
