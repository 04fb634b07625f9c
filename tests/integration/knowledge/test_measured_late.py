"""An embedding server that is busy while the threshold is to be measured: it is measured as soon as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.errors import KnowledgeUnavailable
from knowledge.calibrate.calibrator import Calibrator
from knowledge.index.reader import Reader
from knowledge.process.remeasuring import Remeasuring
from knowledge.process.searchable import Searchable, with_words
from tests.integration.knowledge.index_bench import Bench, vector


class Server:
    busy = True

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.busy:
            raise KnowledgeUnavailable("429 Too Many Requests")
        return np.stack([vector(text) for text in texts])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number}.md").write_text(f"# Plan {number}\n\nOf plan {number} the limit is {number} people.")
    bench = Bench(folder, tmp_path / "chroma")
    bench.run()
    return bench


def test_the_threshold_is_measured_when_the_server_has_time_without_any_other_change(
    bench: Bench, tmp_path: Path
) -> None:
    server, told = Server(), list[bool]()
    calibrator = Calibrator(server.embed, "model")
    prepare = with_words(tmp_path / "words", calibrator)
    reader: Reader[Searchable] = Reader(bench.client, bench.index().manifest, prepare)
    again = Remeasuring(reader, calibrator, lambda: told.append(reader.current.bounds.provisional))
    first = reader.current
    assert first.bounds.provisional

    assert not again.once()
    server.busy = False
    assert again.once()

    assert not reader.current.bounds.provisional
    assert reader.current.bounds != first.bounds
    assert (reader.current.corpus, reader.current.words) == (first.corpus, first.words), "of the very same epoch"
    assert told == [False]
    assert not again.once(), "once is enough"
    fresh: Reader[Searchable] = Reader(bench.client, bench.index().manifest, prepare)
    assert fresh.current.bounds == reader.current.bounds, "and it is kept for the next start"


def test_an_epoch_that_came_meanwhile_is_not_put_back(bench: Bench, tmp_path: Path) -> None:
    server = Server()
    calibrator = Calibrator(server.embed, "model")
    reader: Reader[Searchable] = Reader(
        bench.client, bench.index().manifest, with_words(tmp_path / "words", calibrator)
    )
    again = Remeasuring(reader, calibrator, lambda: None)
    (bench.folder / "0.md").unlink()
    bench.run()
    epochs: list[int] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        if not epochs:
            reader.refresh()
            epochs.append(reader.epoch)
        return np.stack([vector(text) for text in texts])

    calibrator.embed = embed
    again.once()

    assert reader.current.corpus.epoch == epochs[0] == bench.index().manifest.pointer().epoch
