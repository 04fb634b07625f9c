"""One run that brings the index in line with the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.chunk.chunker import Chunker
from knowledge.documents import Document, SourceFile, UnreadableDocument
from knowledge.index.records import IndexedDocument, records_of
from knowledge.index.store import ChromaIndex
from knowledge.sources import Scan, scan

FORMAT = 2
"""Raise it when the way in which documents are read or cut changes: all of them are then indexed again."""


class ReadsDocuments(Protocol):
    """Turns a file into a document. Raises UnreadableDocument."""

    def convert(self, path: Path) -> Document: ...


@dataclass(slots=True)
class _Tally:
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    chunks: int = 0


class IndexRun:
    """Blocking. One broken document never stops the others: its last good version stays, and the report names it."""

    def __init__(
        self,
        store: ChromaIndex,
        chunker: Chunker,
        reader: ReadsDocuments,
        embed: Callable[[Sequence[str]], list[list[float]]],
        *,
        recipe: str,
        max_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._chunker = chunker
        self._reader = reader
        self._embed = embed
        self._recipe = f"{FORMAT}\0{recipe}"
        self._max_bytes = max_bytes
        self._clock = clock

    def run(self, roots: Sequence[str], progress: Callable[[IndexProgress], None]) -> IndexReport:
        """Indexes what is new or changed and removes what has vanished from roots that could be read."""
        started = self._clock()
        tally = _Tally()
        found = scan(roots)
        known = self._store.documents()
        failures = list(found.failures)
        for number, file in enumerate(found.files):
            try:
                self._document(file, known.get(file.id), tally, _Reporter(progress, number, len(found.files), file))
            except UnreadableDocument as error:
                failures.append((file.source, _with_old_version(str(error), known.get(file.id))))
            except OSError as error:
                failures.append((file.source, _with_old_version(error.strerror or str(error), known.get(file.id))))
        self._remove_vanished(found, known, tally)
        if not failures:
            self._store.drop_other_models()
        progress(IndexProgress(len(found.files), len(found.files), "", "done"))
        seconds = round(self._clock() - started, 3)
        return IndexReport(tally.indexed, tally.unchanged, tally.removed, tally.chunks, tuple(failures), seconds)

    def _document(self, file: SourceFile, known: IndexedDocument | None, tally: _Tally, report: _Reporter) -> None:
        digest = self._digest(file)
        if known is not None and known.digest == digest:
            tally.unchanged += 1
            report("unchanged")
            return
        report("read")
        document = self._reader.convert(file.path)
        if document.category is None and file.category is not None:
            document = replace(document, category=file.category)
        chunks = self._chunker.chunks(document)
        if not chunks:
            raise UnreadableDocument("the document holds no text")
        entry = IndexedDocument(file.id, digest, file.source, file.root, len(chunks))
        report("embed")
        self._store.replace(entry, records_of(entry, chunks), self._embed)
        tally.indexed += 1
        tally.chunks += len(chunks)

    def _digest(self, file: SourceFile) -> str:
        size = file.path.stat().st_size
        if size > self._max_bytes:
            raise UnreadableDocument(f"the file has {size:,} bytes; the limit is {self._max_bytes:,}")
        with file.path.open("rb") as content:
            body = hashlib.file_digest(content, "sha256").hexdigest()
        return hashlib.sha256(
            "\0".join([self._recipe, file.root, file.source, file.category or "", body]).encode()
        ).hexdigest()

    def _remove_vanished(self, found: Scan, known: dict[str, IndexedDocument], tally: _Tally) -> None:
        present = {file.id for file in found.files}
        for identity, document in known.items():
            if identity not in present and not found.failed(document.root):
                self._store.remove(identity)
                tally.removed += 1


@dataclass(frozen=True, slots=True)
class _Reporter:
    progress: Callable[[IndexProgress], None]
    done: int
    total: int
    file: SourceFile

    def __call__(self, stage: str) -> None:
        self.progress(IndexProgress(self.done, self.total, self.file.source, stage))


def _with_old_version(reason: str, known: IndexedDocument | None) -> str:
    return reason if known is None else f"{reason} (its last readable version stays in the index)"
