"""A document that unfolds into too much, or into what is none, costs itself and no other."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.chunk import chunker
from knowledge.chunk.chunker import Chunker
from knowledge.convert.remote import ConverterProcess
from knowledge.documents import UnreadableDocument
from knowledge.index.order import IndexOrder
from tests.integration.knowledge.index_bench import Bench
from tests.unit.knowledge.wordpiece import WordPieceCounter


def test_a_document_that_holds_too_much_text_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    large, good = tmp_path / "large.csv", tmp_path / "good.md"
    large.write_text(("あ" * 1000 + "\n") * 6000)
    good.write_text("# Refunds\n\nWithin thirty days.")

    with ConverterProcess(timeout=100) as reader:
        with pytest.raises(UnreadableDocument, match="more text than 32 MB"):
            reader.convert(large)
        assert reader.convert(good).title == "Refunds"


@pytest.mark.parametrize(
    ("escaped", "read"), [("a\\u0000b", "a\ufffdb"), ("a\\ud800b", "a\ufffdb"), ("\\ud83d\\ude00", "😀")]
)
def test_characters_that_no_store_takes_are_marked(escaped: str, read: str, tmp_path: Path) -> None:
    path = tmp_path / "faq.json"
    path.write_text(f'[{{"question": "{escaped}", "answer": "{escaped}"}}]')

    with ConverterProcess(timeout=100) as reader:
        [entry] = reader.convert(path).entries

    assert (entry.question, entry.answer) == (read, read)


class _Odd(ConverterProcess):
    """Its child answers what no converter of ours does: the document's own bytes."""

    function = "tests.integration.confined.functions:read_file"


@pytest.mark.parametrize(
    "body", [b"[1]", b"1", b"{", b"{}", b'{"document":{"title":1}}', b'{"document":{"blocks":"x"}}', b"[" * 100_000]
)
def test_what_is_no_document_is_refused(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_bytes(body)
    with _Odd(timeout=100) as reader:
        for _ in range(2):
            with pytest.raises(UnreadableDocument, match="no document"):
                reader.convert(path)


def test_a_pipe_with_a_documents_name_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.md")
    with ConverterProcess(timeout=100) as reader, pytest.raises(UnreadableDocument):
        reader.convert(tmp_path / "x.md")


def test_a_document_of_too_many_passages_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunker, "MOST_TEXTS", 10)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.md").write_text("# Refunds\n\nWithin thirty days.")
    (tmp_path / "docs" / "long.md").write_text("".join(f"## Section {n}\n\nText {n}.\n\n" for n in range(11)))

    report = Bench(tmp_path / "docs", tmp_path / "chroma").run()

    assert report.indexed == 1
    assert report.failures == (("docs/long.md", "it makes more than 10 passages; divide it"),)


def test_a_document_that_cannot_be_cut_stops_no_other(tmp_path: Path) -> None:
    class Fragile(WordPieceCounter):
        def count(self, texts: object) -> list[int]:
            if any("poison" in text for text in texts):  # type: ignore[attr-defined]
                raise IndexError("no such token")
            return super().count(texts)  # type: ignore[arg-type]

    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("# Refunds\n\nWithin thirty days.")
    (docs / "bad.md").write_text("# Poison\n\nThis is poison.")
    bench = Bench(docs, tmp_path / "chroma")
    run = bench.made()
    run._chunker = Chunker(Fragile(), 64)

    report = run.run(IndexOrder([str(docs)]), lambda progress: None)

    assert report.indexed == 1
    [(source, reason)] = report.failures
    assert source == "docs/bad.md"
    assert "IndexError" in reason


def test_a_document_that_takes_too_long_costs_the_next_one_nothing(tmp_path: Path) -> None:
    class Slow(ConverterProcess):
        function = "tests.integration.confined.functions:sleep_if_asked"

    (tmp_path / "slow.md").write_text("sleep")
    (tmp_path / "fast.md").write_text('{"unreadable": "fast"}')
    with Slow(timeout=0.5) as reader:
        with pytest.raises(UnreadableDocument, match=r"longer than 0.5 seconds"):
            reader.convert(tmp_path / "slow.md")
        reader._limits = replace(reader._limits, wall_seconds=100)
        with pytest.raises(UnreadableDocument, match="fast"):
            reader.convert(tmp_path / "fast.md")
