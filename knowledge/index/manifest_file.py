"""Where the manifest of an index is. Opens it without Chroma, for whoever only asks what is indexed."""

from __future__ import annotations

from pathlib import Path

from knowledge.index.database import ManifestDatabase, open_database
from knowledge.settings import KnowledgeSettings


def manifest_file(directory: Path) -> Path:
    """The manifest of an embedded index: beside Chroma's folder, under the same lock."""
    return directory.with_name("knowledge.db")


def open_manifest(settings: KnowledgeSettings) -> ManifestDatabase:
    """The manifest's database. An index that is embedded keeps it beside Chroma's folder, whatever the hub's database is."""
    url = settings.database_url if settings.chroma_url else None
    return open_database(manifest_file(settings.directory), url)
