"""One run that brings the index in line with the sources."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from core.domain.attachments import human_size
from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.chunk.chunker import Chunker
from knowledge.documents import Document, SourceFile, UnreadableDocument
from knowledge.index.distinct import distinct
from knowledge.index.order import IndexOrder, Origin
from knowledge.index.records import IndexedDocument, records_of
from knowledge.index.store import ChromaIndex
from knowledge.sources import NOT_A_FILE, Scan, identity_of, scan

FORMAT = 4
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
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Parts of documents that were not read, while the rest of the document was; and what is no document at all."""


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

    def run(self, order: IndexOrder, progress: Callable[[IndexProgress], None]) -> IndexReport:
        """Indexes what is new or changed and removes what has vanished from roots that could be read."""
        started = self._clock()
        tally = _Tally()
        known = self._store.documents()
        followers = self._followers(known)
        own = bool(followers) or any(_is_own(document, order) for document in known.values())
        roots = [root for root in order.roots if not (own and root == order.stand_in)]
        found = scan([*roots, *(root for root in followers if root not in roots)])
        failures = list(found.failures)
        tally.problems.extend(found.skipped)
        for number, file in enumerate(found.files):
            try:
                origin = order.origin if file.root in roots else Origin.NAMED
                report = _Reporter(progress, number, len(found.files), file)
                self._document(file, origin, known.get(file.id), tally, report)
            except UnreadableDocument as error:
                failures.append((file.source, _with_old_version(str(error), known.get(file.id))))
            except OSError as error:
                failures.append((file.source, _with_old_version(error.strerror or str(error), known.get(file.id))))
        self._remove_vanished(found, known, tally, order)
        left_out = self._give_way(order, tally)
        if order.drop_other_models and not failures:
            self._store.drop_other_models()
        progress(IndexProgress(len(found.files), len(found.files), "", "done"))
        seconds = round(self._clock() - started, 3)
        counts = (tally.indexed, tally.unchanged, tally.removed, tally.chunks)
        return IndexReport(*counts, (*failures, *tally.problems), seconds, sample_left_out=left_out)

    def forget(self, roots: Sequence[str]) -> IndexReport:
        """Takes the documents of these roots out, whoever put them in; a single file of a folder, too."""
        started = self._clock()
        known = self._store.documents()
        removed, failures = 0, []
        for root in roots:
            leaving = [name for name, document in known.items() if document.root == root or name == identity_of(root)]
            for identity in leaving:
                self._store.remove(identity)
                del known[identity]
            removed += len(leaving)
            elsewhere = self._store.forget_in_other_models(root)
            if not leaving and not elsewhere:
                failures.append((root, "nothing of it is in the index"))
        return IndexReport(0, 0, removed, 0, tuple(failures), round(self._clock() - started, 3))

    def _followers(self, known: dict[str, IndexedDocument]) -> list[str]:
        """What somebody named is indexed again for another model, since nobody will name it a second time."""
        here = {document.root for document in known.values()}
        return [root for root in self._store.roots_of_other_models() if root not in here]

    def _document(
        self, file: SourceFile, origin: Origin, known: IndexedDocument | None, tally: _Tally, report: _Reporter
    ) -> None:
        digest = self._digest(file)
        if known is not None and known.origin is Origin.NAMED:
            origin = Origin.NAMED
        if known is not None and known.digest == digest:
            if known.origin is not origin:
                self._store.note(replace(known, origin=origin))
            tally.unchanged += 1
            tally.problems.extend((file.source, problem) for problem in known.problems)
            report("unchanged")
            return
        report("read")
        document = self._reader.convert(file.path).of(file)
        chunks = distinct(self._chunker.chunks(document))
        if not chunks:
            raise UnreadableDocument("the document holds no text")
        problems = tuple(" ".join(problem.split()) for problem in document.problems)
        entry = IndexedDocument(file.id, digest, file.source, file.root, len(chunks), origin, problems)
        report("embed")
        self._store.replace(entry, records_of(entry, chunks), self._embed)
        tally.indexed += 1
        tally.chunks += len(chunks)
        tally.problems.extend((file.source, problem) for problem in problems)

    def _digest(self, file: SourceFile) -> str:
        state = file.path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise UnreadableDocument(NOT_A_FILE)
        if state.st_size > self._max_bytes:
            raise UnreadableDocument(f"the file is larger than {human_size(self._max_bytes)}")
        with file.path.open("rb") as content:
            body = hashlib.file_digest(content, "sha256").hexdigest()
        return hashlib.sha256("\0".join([self._recipe, *file.traits, body]).encode()).hexdigest()

    def _remove_vanished(
        self, found: Scan, known: dict[str, IndexedDocument], tally: _Tally, order: IndexOrder
    ) -> None:
        present = {file.id for file in found.files}
        for identity, document in known.items():
            looked_at = document.root in order.roots
            dropped = order.origin is Origin.CONFIGURED and document.origin is Origin.CONFIGURED
            if identity not in present and (looked_at or dropped) and not found.failed(document.root):
                self._store.remove(identity)
                tally.removed += 1

    def _give_way(self, order: IndexOrder, tally: _Tally) -> bool:
        """A company's own documents never mix with the fictional ones that stood in for them."""
        if order.stand_in is None:
            return False
        known = self._store.documents()
        if not any(_is_own(document, order) for document in known.values()):
            return False
        for identity, document in known.items():
            if document.root == order.stand_in:
                self._store.remove(identity)
                tally.removed += 1
        return True


def _is_own(document: IndexedDocument, order: IndexOrder) -> bool:
    return document.origin is Origin.NAMED and document.root != order.stand_in


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
