"""Several manifests in one Chroma server, and several writers of one manifest: nobody destroys what another one needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.documents import Chunk
from knowledge.index import generations
from knowledge.index.client import Chroma
from knowledge.index.database import ManifestDatabase, open_database
from knowledge.index.manifest import Manifest
from knowledge.index.reader import Reader
from knowledge.index.records import IndexedDocument
from knowledge.index.vectors import Keys
from knowledge.index.writing import IndexWriter, Prepared
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.manifest.conftest import OpenDatabase
from tests.integration.knowledge.index_bench import vector

pytestmark = BOTH_DATABASES


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[Chroma]:
    """What is asked as a server is: nobody's folder, and no client of one hub is the other's."""
    client = Chroma(tmp_path / "chroma", None)
    client.names()
    client.directory = None
    yield client
    client.close()


@pytest.fixture
def database(open_manifest: OpenDatabase) -> ManifestDatabase:
    return open_manifest()


def put(writer: IndexWriter, name: str, passages: int) -> None:
    texts = [f"{name} {number}" for number in range(passages)]
    document = IndexedDocument(name, "digest", name, "root", passages)
    writer.store(
        [Prepared(document, [Chunk("Title", text, (text,)) for text in texts])],
        lambda texts: np.stack([vector(text) for text in texts]),
    )


def mostly_dead(writer: IndexWriter) -> None:
    """Of 320 vectors 20 are needed."""
    put(writer, "old", 300)
    put(writer, "kept", 20)
    writer.commit()
    writer.remove(["old"])
    for name in ("one", "two"):
        put(writer, name, 1)
        writer.commit()


def lost(chroma: Chroma, writer: IndexWriter) -> tuple[int, int]:
    """Vectors and passages of an epoch that is opened now."""
    reader = Reader(chroma, writer.manifest, lambda snapshot: snapshot)
    return reader.lost, len(reader.current.rows)


def test_hubs_that_share_a_server_leave_one_another_alone(
    chroma: Chroma, database: ManifestDatabase, tmp_path: Path
) -> None:
    elsewhere = open_database(tmp_path / "staging" / "knowledge.db", None)
    production, staging = IndexWriter(chroma, database, "model1"), IndexWriter(chroma, elsewhere, "model1")
    put(production, "production", 40)
    production.commit()
    put(staging, "staging", 5)
    staging.commit()
    staging.tidy()
    staging.drop_other_models()

    assert lost(chroma, production) == (0, 40)
    assert lost(chroma, staging) == (0, 5)
    mostly_dead(staging)
    staging.tidy()
    production.tidy()
    production.drop_other_models()
    assert lost(chroma, staging) == (0, 27)
    elsewhere.close()


def test_what_another_run_adds_while_the_vectors_move_is_moved_too(
    chroma: Chroma, database: ManifestDatabase, open_manifest: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = IndexWriter(chroma, database, "model1"), IndexWriter(chroma, open_manifest(), "model1")
    mostly_dead(one)
    before = one.manifest.pointer().generation
    looking(monkeypatch, one.manifest, lambda: put(other, "fresh", 10))

    one.tidy()

    assert one.manifest.pointer().generation != before
    other.commit()
    assert lost(chroma, one) == (0, 32)


def test_two_that_move_the_vectors_at_once_lose_none(
    chroma: Chroma, database: ManifestDatabase, open_manifest: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = IndexWriter(chroma, database, "model1"), IndexWriter(chroma, open_manifest(), "model1")
    mostly_dead(one)
    looking(monkeypatch, one.manifest, other.tidy)

    one.tidy()

    assert lost(chroma, one) == (0, 22)
    assert len(chroma.names()) == 1


def test_a_new_generation_that_another_run_removes_is_never_shown(
    chroma: Chroma, database: ManifestDatabase, open_manifest: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = IndexWriter(chroma, database, "model1"), IndexWriter(chroma, open_manifest(), "model1")
    mostly_dead(one)
    same = generations._same

    def then_tidied(*seen: Any) -> bool:
        found = same(*seen)
        generations.remove_others(chroma, other.manifest, of_other_models=False)
        return found

    monkeypatch.setattr(generations, "_same", then_tidied)
    assert not generations.compact(chroma, one.manifest)

    assert lost(chroma, one) == (0, 22)


def test_a_document_that_is_written_while_its_generation_goes_is_written_again(
    chroma: Chroma, database: ManifestDatabase, open_manifest: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = IndexWriter(chroma, database, "model1"), IndexWriter(chroma, open_manifest(), "model1")
    mostly_dead(one)
    done: list[bool] = []

    def embed(texts: Any) -> Any:
        if not done:
            done.append(True)
            other.tidy()
        return np.stack([vector(text) for text in texts])

    document = IndexedDocument("late", "digest", "late", "root", 1)
    one.store([Prepared(document, [Chunk("Title", "Late", ("Late",))])], embed)
    one.commit()

    assert lost(chroma, one) == (0, 23)


def looking(monkeypatch: pytest.MonkeyPatch, manifest: Manifest, meanwhile: Callable[[], object]) -> None:
    """``meanwhile`` happens right after the last look at what is needed, and only once."""
    look = manifest.live_keys
    looks: list[int] = []

    def live_keys() -> Keys:
        found = look()
        looks.append(len(found))
        if len(looks) == 2:
            meanwhile()
        return found

    monkeypatch.setattr(manifest, "live_keys", live_keys)
