"""Processes that share an index share what was measured of it: a question is not answered by one and turned away by another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import KnowledgeUnavailable
from knowledge.calibrate.calibrator import Calibrator
from knowledge.index.database import ManifestDatabase
from knowledge.index.kept_bounds import KeptBounds
from knowledge.index.reader import Reader
from knowledge.process.remeasuring import Remeasuring
from knowledge.process.searchable import Searchable, with_words
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.manifest.conftest import OpenDatabase
from tests.integration.knowledge.index_bench import Bench, vector

pytestmark = BOTH_DATABASES


class Worker:
    """A process of its own: its database, its disk, and its way to the embedding server."""

    def __init__(self, bench: Bench, database: ManifestDatabase, disk: Path, *, busy: bool = False) -> None:
        self.asked = 0
        self.busy = busy
        self.calibrator = Calibrator(self.embed, "model")
        manifest = Bench(bench.folder, bench.directory, bench.client, database).index().manifest
        self.reader: Reader[Searchable] = Reader(bench.client, manifest, with_words(disk, self.calibrator))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.busy:
            raise KnowledgeUnavailable("429 Too Many Requests")
        self.asked += len(texts)
        return np.stack([vector(text) for text in texts])


def test_one_measures_for_all(bench: Bench, open_manifest: OpenDatabase, tmp_path: Path) -> None:
    bench.run()
    first = Worker(bench, open_manifest(), tmp_path / "one")
    second = Worker(bench, open_manifest(), tmp_path / "two", busy=True)

    assert first.asked
    assert not first.reader.current.bounds.provisional
    assert second.reader.current.bounds == first.reader.current.bounds


def test_who_could_not_takes_what_another_has_measured_since(
    bench: Bench, open_manifest: OpenDatabase, tmp_path: Path
) -> None:
    bench.run()
    late = Worker(bench, open_manifest(), tmp_path / "late", busy=True)
    assert late.reader.current.bounds.provisional
    first = Worker(bench, open_manifest(), tmp_path / "first")

    assert Remeasuring(late.reader, late.calibrator, lambda: None).once()

    assert late.reader.current.bounds == first.reader.current.bounds


def test_what_is_kept_is_replaced_and_what_nobody_uses_goes(open_manifest: OpenDatabase) -> None:
    kept, other = KeptBounds(open_manifest()), KeptBounds(open_manifest())
    kept.write("a", "1")
    kept.write("b", "2")
    other.write("a", "3")
    assert (kept.read("a"), kept.read("b"), kept.read("c")) == ("3", "2", None)

    kept.drop_others("a")

    assert (other.read("a"), other.read("b")) == ("3", None)
