"""Real files of every kind: each is read, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

from knowledge.chunk.chunker import Chunker
from knowledge.convert.remote import ConverterProcess
from knowledge.documents import UnreadableDocument
from tests.unit.knowledge.wordpiece import WordPieceCounter

WITHOUT_TEXT = {".jpg", ".m4a", ".mp3", ".wav", ".zip", ".bin"}
SCANNED = {"MEDRPT-2024-PAT-3847_medical_report_scan.pdf"}


def test_each_file_is_read_or_refused_with_a_reason(corpus_dir: Path) -> None:
    counter = WordPieceCounter()
    chunker = Chunker(counter, 128)
    refused: dict[str, str] = {}
    files = [path for path in sorted((corpus_dir / "attachments").iterdir()) if path.name != "LICENSE"]
    with ConverterProcess(timeout=100) as reader:
        for path in files:
            try:
                chunks = chunker.chunks(reader.convert(path))
            except UnreadableDocument as error:
                refused[path.name] = str(error)
                continue
            assert chunks, path.name
            assert all(size <= 128 for chunk in chunks for size in counter.count(list(chunk.embedded))), path.name

    assert {name for name in refused if Path(name).suffix not in WITHOUT_TEXT} == SCANNED
    assert all(reason and "crash" not in reason for reason in refused.values()), refused
