"""Manifests on both databases, as two processes have them, with vectors in a real Chroma."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from knowledge.index.database import ManifestDatabase, open_database
from tests.integration.knowledge.index_bench import Bench

OpenDatabase = Callable[[], ManifestDatabase]


@pytest.fixture
def open_manifest(database_url: str, tmp_path: Path) -> Iterator[OpenDatabase]:
    """``open_manifest()``: the database once more, as another process would have it."""
    opened: list[ManifestDatabase] = []

    def open_one() -> ManifestDatabase:
        opened.append(open_database(tmp_path / "knowledge.db", database_url))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def bench(open_manifest: OpenDatabase, tmp_path: Path) -> Iterator[Bench]:
    """Three documents of two passages each, not indexed yet."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# {name}\n\n## One\n\nFirst {name}.\n\n## Two\n\nSecond {name}.")
    made = Bench(folder, tmp_path / "chroma", database=open_manifest())
    yield made
    made.close()
