"""What the system refuses for a file costs that file; what it refuses for the index ends the run, and the next one goes on."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from knowledge.convert.converter import Converter
from knowledge.index.unread import Unread
from knowledge.index.writing import IndexWriter
from tests.integration.knowledge.index_bench import Bench

_MANY = 40
"""More than are written together."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(_MANY):
        (docs / f"{number:02}.md").write_text(f"# Number {number}\n\nText number {number}.")
    made = Bench(docs, tmp_path / "chroma")
    yield made
    made.close()


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_batch_that_cannot_be_written_is_no_fault_of_the_file_that_was_read_last(bench: Bench) -> None:
    embed = bench.embed
    asked: list[Sequence[str]] = []

    def once_full(texts: Sequence[str]) -> object:
        asked.append(texts)
        return embed(texts) if len(asked) > 1 else full()

    bench.embed = once_full  # type: ignore[method-assign,assignment]
    with pytest.raises(OSError, match="No space left"):
        bench.run()

    assert bench.run().indexed == _MANY
    assert len(bench.sources()) == _MANY


@pytest.mark.parametrize("where", [(IndexWriter, "note"), (IndexWriter, "narrow"), (Unread, "note")])
def test_what_cannot_be_noted_in_the_index_is_no_fault_of_a_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str]
) -> None:
    bench.run()
    for number in range(3):
        os.utime(bench.folder / f"{number:02}.md", (1_000_000, 1_000_000))
    (bench.folder / "10.md").write_text("# Number 10\n\nAnother text.")
    (bench.folder / "20.md").write_bytes(b"\0")
    with monkeypatch.context() as patch:
        patch.setattr(*where, full)
        with pytest.raises(OSError, match="No space left"):
            bench.run()

    report = bench.run()

    assert (report.indexed, report.unchanged) == (1, _MANY - 2)
    assert [source for source, _ in report.failures] == ["docs/20.md"]


@pytest.mark.parametrize("when", ["open", "convert"])
def test_a_file_that_the_system_refuses_costs_itself_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    where = Path if when == "open" else Converter
    undisturbed = getattr(where, when)

    def disturbed(*arguments: Any, **named: Any) -> Any:
        if any(isinstance(one, Path) and one.name == "05.md" for one in arguments):
            raise OSError(errno.EIO, "Input/output error")
        return undisturbed(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(where, when, disturbed)
        report = bench.run()

    assert report.indexed == _MANY - 1
    assert report.failures == (("docs/05.md", "Input/output error"),)
    assert (bench.run().indexed, len(bench.sources())) == (1, _MANY), "and is tried again by the next run"
