"""Opens the index of a model: Chroma, the manifest, and the epoch that is searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from knowledge.index.chroma_process import ChromaProcess
from knowledge.index.database import ManifestDatabase
from knowledge.index.manifest_file import open_manifest
from knowledge.index.reader import Reader
from knowledge.index.snapshot import Snapshot
from knowledge.index.writing import IndexWriter
from knowledge.settings import KnowledgeSettings

Ready = TypeVar("Ready")

_LAYOUT = 3
"""Raise it when vectors that are there already must not be kept: the index is then built anew, as for another model."""


@dataclass(frozen=True, slots=True)
class Index(Generic[Ready]):
    """``writer`` is for one run at a time, ``reader`` for every search. ``fingerprint`` is what both go by."""

    fingerprint: str
    database: ManifestDatabase
    writer: IndexWriter
    reader: Reader[Ready]


def open_index(settings: KnowledgeSettings, model: str, prepare: Callable[[Snapshot], Ready]) -> Index[Ready]:
    """The index for this model's vectors, with its present epoch. Raises what the databases raise when they are away."""
    client = ChromaProcess(settings.directory, settings.chroma_url)
    fingerprint = f"{model}-{_LAYOUT}"
    database = open_manifest(settings)
    writer = IndexWriter(client, database, fingerprint)
    return Index(fingerprint, database, writer, Reader(client, writer.manifest, prepare))
