"""An embedding server that is busy while the threshold is to be measured: it is measured as soon as it can be."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
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
    asked = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
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


@pytest.fixture
def grown(bench: Bench, tmp_path: Path) -> tuple[Server, Calibrator, Reader[Searchable]]:
    """A reader whose threshold was measured at the start, and then half as many documents again."""
    server = Server()
    server.busy = False
    calibrator = Calibrator(server.embed, "model")
    reader: Reader[Searchable] = Reader(
        bench.client, bench.index().manifest, with_words(tmp_path / "words", calibrator)
    )
    assert not reader.current.bounds.provisional
    calibrator.later, server.asked = True, 0
    for number in range(30, 45):
        (bench.folder / f"{number}.md").write_text(f"# Plan {number}\n\nOf plan {number} the limit is {number} people.")
    bench.run()
    return server, calibrator, reader


def test_an_epoch_is_searched_before_its_threshold_is_measured(
    grown: tuple[Server, Calibrator, Reader[Searchable]],
) -> None:
    server, calibrator, reader = grown
    before = reader.current.bounds

    assert reader.refresh()

    assert (server.asked, len(reader.current.corpus.rows)) == (0, 45)
    assert reader.current.bounds == replace(before, provisional=True)
    assert Remeasuring(reader, calibrator, lambda: None).once()
    assert server.asked
    assert not reader.current.bounds.provisional


def test_one_that_was_never_measured_is_measured_before(bench: Bench, tmp_path: Path) -> None:
    server = Server()
    server.busy = False
    calibrator = Calibrator(server.embed, "model")
    calibrator.later = True

    reader: Reader[Searchable] = Reader(
        bench.client, bench.index().manifest, with_words(tmp_path / "words", calibrator)
    )

    assert not reader.current.bounds.provisional


def test_who_asks_while_another_measures_waits_for_it(
    grown: tuple[Server, Calibrator, Reader[Searchable]],
) -> None:
    server, calibrator, reader = grown
    reader.refresh()
    begun, found = threading.Event(), list[bool]()

    def ask() -> None:
        begun.set()
        found.append(Remeasuring(reader, calibrator, lambda: None).once())

    asking = threading.Thread(target=ask)
    with calibrator._measuring:  # as the other one does, whose result is kept then
        asking.start()
        assert begun.wait(60)
        (free := Server()).busy = False
        reader.current.measured(Calibrator(free.embed, "model"))
    asking.join(60)

    assert found == [True]
    assert server.asked == 0
    assert not reader.current.bounds.provisional
