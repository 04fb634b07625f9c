"""What cannot be read costs its time once, and what is the same under another date is looked into once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.convert.converter import Converter
from knowledge.documents import Document
from tests.integration.knowledge.index_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "scan.pdf").write_bytes(b"%PDF-1.4 of nothing")
    (docs / "good.md").write_text("# Refunds\n\nWithin thirty days.")
    made = Bench(docs, tmp_path / "chroma")
    yield made
    made.close()


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was converted."""
    names: list[str] = []
    convert = Converter.convert

    def noting(self: Converter, path: Path) -> Document:
        names.append(path.name)
        return convert(self, path)

    monkeypatch.setattr(Converter, "convert", noting)
    return names


def test_what_cannot_be_read_is_said_each_time_and_tried_once(bench: Bench, converted: list[str]) -> None:
    [(_, reason)] = bench.run().failures
    assert bench.run().failures[0][1] == reason
    assert converted == ["good.md", "scan.pdf"]

    (bench.folder / "scan.pdf").write_bytes(b"%PDF-1.4 of nothing, again")
    assert bench.run().failures
    assert converted.count("scan.pdf") == 2, "it has changed"

    bench.run(recipe="other")
    assert converted.count("scan.pdf") == 3, "it is read in another way"

    bench.now += 4 * 86_400
    bench.run(recipe="other")
    assert converted.count("scan.pdf") == 4, "it may have been a bad day"


def test_what_a_clock_that_was_ahead_tried_in_vain_is_tried_again(bench: Bench, converted: list[str]) -> None:
    bench.now += 5 * 365 * 86_400
    bench.run()
    bench.now -= 5 * 365 * 86_400
    for _ in range(2):
        assert bench.run().failures
    assert converted.count("scan.pdf") == 2


def test_what_is_the_same_under_another_date_is_looked_into_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    os.utime(bench.folder / "good.md", (1_000_000, 1_000_000))
    notes: list[str] = []
    index = bench.index()
    note = type(index).note
    monkeypatch.setattr(
        type(index), "note", lambda self, document: (notes.append(document.source), note(self, document))
    )

    for _ in range(2):
        assert bench.run().unchanged == 1

    assert notes == ["docs/good.md"]
