"""One run that brings the index in line with the sources."""

from __future__ import annotations

import hashlib
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import stat_result
from pathlib import Path
from typing import Protocol

from core.domain.attachments import human_size
from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.chunk.chunker import Chunker
from knowledge.documents import Chunk, Document, SourceFile, UnreadableDocument
from knowledge.embed.embedder import TextRefused
from knowledge.index.closing import for_staff, for_staff_now, gone_from, speaks_of_audience
from knowledge.index.deletions import Deletions, nothing_instead
from knowledge.index.distinct import distinct
from knowledge.index.order import IndexOrder, Origin
from knowledge.index.records import IndexedDocument
from knowledge.index.snapshot_refresher import SnapshotRefresher
from knowledge.index.tally import Tally
from knowledge.index.writing import Embed, IndexWriter, Prepared
from knowledge.sources import NOT_A_FILE, Catalog, Scan, identity_of, scan
from knowledge.sources.left_over import remove_left_over
from knowledge.sources.options import SAMPLE_ROOT
from knowledge.sources.secrets import without_secret

FORMAT = 7
"""Raise it when the way in which documents are read or cut changes: all of them are then indexed again."""

_TEXTS_AT_ONCE = 64
_DOCUMENTS_AT_ONCE = 32
_FILLING_PAUSE = 3.0
"""Seconds to the first epoch of an index that is filled for the first time: it answers from what there is. The next pauses
are each twice as long, since an epoch costs more the more there is in it."""
_SETTLED = 2.0
"""Seconds. A file may change twice within the resolution of its times, so what was written just now is no proof."""


class ReadsDocuments(Protocol):
    """Turns a file into a document. Raises UnreadableDocument."""

    def convert(self, path: Path) -> Document: ...


class IndexRun:
    """Blocking; for one run. One broken document never stops the others: its last good version stays, and the report names it.

    Documents are written in small batches, each whole; readers see all of them at once at the end (``committed`` is called).
    """

    def __init__(
        self,
        index: IndexWriter,
        chunker: Chunker,
        reader: ReadsDocuments,
        embed: Embed,
        *,
        recipe: str,
        max_bytes: int,
        clock: Callable[[], float],
        now: Callable[[], float] = time.time,
        committed: Callable[[], object] = lambda: None,
        catalog: Catalog | None = None,
    ) -> None:
        self._index = index
        self._chunker = chunker
        self._reader = reader
        self._embed = embed
        self._recipe = f"{FORMAT}\0{recipe}"
        self._max_bytes = max_bytes
        self._clock = clock
        self._now = now
        self._refresher = SnapshotRefresher(committed, clock)
        self._catalog = catalog or Catalog()
        self._pending: list[tuple[SourceFile, IndexedDocument | None, Prepared]] = []
        self._tally = Tally()
        self._filling_since: float | None = None
        self._filling_pause = _FILLING_PAUSE
        self._mending = False
        self._unread: dict[tuple[str, str], str] = {}

    def run(self, order: IndexOrder, progress: Callable[[IndexProgress], None]) -> IndexReport:
        """Indexes what is new or changed and removes what has vanished from roots that could be read."""
        try:
            return self._through(order, progress)
        finally:
            self._refresher.end()

    def _through(self, order: IndexOrder, progress: Callable[[IndexProgress], None]) -> IndexReport:
        started, tally = self._clock(), self._tally
        known, roots, looked_at, found = self._looked(order)
        if self._index.roll_back({root for root in looked_at if order.wants(root) and not found.failed(root)}):
            known, roots, looked_at, found = self._looked(order)
        self._drop_sample(known, order)
        self._filling_since = None if self._index.counts()[0] else started
        self._close(for_staff_now(found, known, self._catalog, looked_at), known)
        self._note(found, order)
        self._unread = self._index.unread.reasons(self._now())
        files = [file for file in found.files if order.wants(file.root)]
        tally.total = len(files)
        for file in files:
            origin = order.origin if file.root in roots else Origin.NAMED
            self._file(file, origin, known.get(file.id), progress)
        self._flush(progress)
        self._remove_vanished(found, known, order)
        self._index.close(self._index.sharing(gone_from(found, known, looked_at), for_staff(found)))
        left_out = self._give_way(order)
        self._finish()
        self._index.fetches.note({root: at for root, at in found.as_of.items() if order.wants(root)}, self._now())
        if order.drop_other_models and not order.only and not tally.failures:
            self._index.drop_other_models()
        self._tidy_copies(order)
        progress(IndexProgress(tally.total, tally.total, "", "done"))
        return tally.report(round(self._clock() - started, 3), left_out=left_out)

    def forget(self, roots: Sequence[str]) -> IndexReport:
        """Takes the documents of these roots out, whoever put them in; a single file of a folder, too."""
        started, tally = self._clock(), self._tally
        self._index.roll_back()
        known = self._index.documents()
        for root in roots:
            leaving = [name for name, document in known.items() if document.root == root or name == identity_of(root)]
            self._remove(leaving, known)
            for identity in leaving:
                del known[identity]
            elsewhere = self._index.forget_in_other_models(root)
            if not leaving and not elsewhere:
                tally.failed(root, [(without_secret(root), "nothing of it is in the index")])
        self._finish()
        return tally.report(round(self._clock() - started, 3), left_out=False)

    def _tidy_copies(self, order: IndexOrder) -> None:
        """Of sources that are neither configured nor in the index of any model; only who was told all of them knows."""
        if self._catalog.mirrors is None or order.origin is not Origin.CONFIGURED or order.only:
            return
        indexed = {document.root for document in self._index.documents().values()}
        described = {one.root for one in self._catalog.described}
        remove_left_over(
            self._catalog.mirrors, {*order.roots, *indexed, *described, *self._index.roots_of_other_models()}
        )

    def _looked(self, order: IndexOrder) -> tuple[dict[str, IndexedDocument], list[str], list[str], Scan]:
        """What is known, the roots that this run is asked for, those that it looks at, and what is there."""
        known = self._known()
        followers = self._followers(known)
        own = bool(followers) or any(_is_own(document, order) for document in known.values())
        own = own or nothing_instead(known, order)
        roots = [root for root in order.roots if not (own and root == order.stand_in)]
        looked_at = [*roots, *(root for root in followers if root not in roots)]
        return known, roots, looked_at, scan(looked_at, self._catalog, self._index.fetches.newest(self._now()))

    def _drop_sample(self, known: dict[str, IndexedDocument], order: IndexOrder) -> None:
        """Before other documents are read: meanwhile a company would answer with those of a fictional one."""
        if order.origin is not Origin.CONFIGURED or order.only or SAMPLE_ROOT in order.roots:
            return
        sample = [name for name, one in known.items() if one.root == SAMPLE_ROOT and one.origin is Origin.CONFIGURED]
        self._remove(sample, known)
        for name in sample:
            del known[name]
        if sample:
            self._commit()

    def _note(self, found: Scan, order: IndexOrder) -> None:
        self._tally.expect(root for root in order.roots if order.wants(root))
        for root, reasons in found.by_root.items():
            if order.wants(root):
                (self._tally.failed if found.failed(root) else self._tally.note)(root, reasons)

    def _known(self) -> dict[str, IndexedDocument]:
        """What is in the index; documents whose vectors were lost count as changed."""
        known = self._index.documents()
        incomplete = self._index.incomplete() & known.keys()
        self._mending = bool(incomplete)
        for identity in incomplete:
            known[identity] = replace(known[identity], digest="", stamp="")
        return known

    def _followers(self, known: dict[str, IndexedDocument]) -> list[str]:
        """What somebody named is indexed again for another model, since nobody will name it a second time."""
        here = {document.root for document in known.values()}
        return [root for root in self._index.roots_of_other_models() if root not in here]

    def _file(
        self,
        file: SourceFile,
        origin: Origin,
        known: IndexedDocument | None,
        progress: Callable[[IndexProgress], None],
    ) -> None:
        """What the system refuses for the file costs the file. What it refuses for the index ends the run; the next goes on."""
        try:
            self._document(file, origin, known, progress)
        except UnreadableDocument as error:
            self._fail(file, str(error), known)

    def _close(self, identities: Iterable[str], known: dict[str, IndexedDocument]) -> None:
        """Before anything else, and seen at once: whatever goes wrong later, customers do not find what is for staff now."""
        closed = self._index.close(identities)
        for identity in closed:
            known[identity] = replace(known[identity], digest="", stamp="")
        if closed:
            self._refresher.now()

    def _fail(self, file: SourceFile, reason: str, known: IndexedDocument | None) -> None:
        stays = "" if known is None else " (its last readable version stays in the index)"
        unheard = "audience" in reason or (known is not None and speaks_of_audience(file, self._max_bytes))
        if known is not None and unheard and self._index.close([file.id]):
            self._refresher.document_closed()
            stays = " (its last readable version stays in the index, for staff alone)"
        self._tally.settled += 1
        self._tally.failed(file.root, [(file.source, f"{reason}{stays}")])

    def _document(
        self,
        file: SourceFile,
        origin: Origin,
        known: IndexedDocument | None,
        progress: Callable[[IndexProgress], None],
    ) -> None:
        if known is not None and known.origin is Origin.NAMED:
            origin = Origin.NAMED
        stamp, digest = self._state(file, known)
        if known is not None and known.digest == digest:
            self._unchanged(file, replace(known, origin=origin, stamp=stamp or known.stamp), known, progress)
            return
        self._tell(progress, file.source, "read")
        document, chunks = self._read(file, stamp)
        if known is not None and self._index.narrow(file.id, chunks):
            self._refresher.document_closed()
        problems = tuple(" ".join(problem.split()) for problem in document.problems)
        entry = IndexedDocument(file.id, digest, file.source, file.root, len(chunks), origin, problems, stamp)
        self._pending.append((file, known, Prepared(entry, chunks)))
        texts = sum(len(chunk.embedded) for _, _, each in self._pending for chunk in each.chunks)
        if texts >= _TEXTS_AT_ONCE or len(self._pending) >= _DOCUMENTS_AT_ONCE:
            self._flush(progress)

    def _read(self, file: SourceFile, stamp: str) -> tuple[Document, list[Chunk]]:
        """What in this very state could not be read is not tried again for a while."""
        known = self._unread.get((file.id, stamp)) if stamp else None
        if known is not None:
            raise UnreadableDocument(known)
        try:
            return self._cut(file)
        except UnreadableDocument as error:
            if stamp:
                self._index.unread.note(file.id, stamp, str(error), self._now())
            raise
        except OSError as error:
            raise UnreadableDocument(error.strerror or str(error)) from error

    def _cut(self, file: SourceFile) -> tuple[Document, list[Chunk]]:
        document = self._reader.convert(file.path).described_by(file)
        chunks = distinct(self._chunker.chunks(document))
        if not chunks:
            raise UnreadableDocument("the document holds no text")
        return document, chunks

    def _unchanged(
        self, file: SourceFile, now: IndexedDocument, known: IndexedDocument, progress: Callable[[IndexProgress], None]
    ) -> None:
        """The same content may have another stamp: it is noted, so that the next run need not look into the file."""
        if now != known:
            self._index.note(now)
        self._tally.unchanged(file.root, [(file.source, problem) for problem in known.problems])
        self._tell(progress, file.source, "unchanged")

    def _flush(self, progress: Callable[[IndexProgress], None]) -> None:
        """Writes what is pending. A batch is lost with a killed process, and so are at most these few documents."""
        batch, self._pending = self._pending, []
        if not batch:
            return
        last = batch[-1][0].source
        self._tell(progress, last, "embed")
        try:
            self._stored([each for _, _, each in batch])
        except TextRefused:
            for file, known, each in batch:
                try:
                    self._stored_in_part(each)
                except TextRefused as error:
                    self._fail(file, error.detail, known)
        self._tell(progress, last, "embed")
        if self._filling_since is not None and self._clock() - self._filling_since >= self._filling_pause:
            self._commit()
            self._filling_since = self._clock()
            self._filling_pause *= 2

    def _stored_in_part(self, each: Prepared) -> None:
        """What the model refuses costs its document; of a FAQ, each entry of which stands for itself, that entry alone.

        Without a digest it counts as changed: the next run tries what was refused again.
        """
        try:
            self._stored([each])
        except TextRefused:
            if any(chunk.question is None for chunk in each.chunks):
                raise
            refused = self._index.refused(each.chunks, self._embed)
            rest = [chunk for place, chunk in enumerate(each.chunks) if place not in refused]
            if not rest:
                raise
            problems = tuple(f"{each.chunks[place].question}: {reason}" for place, reason in refused.items())
            known = each.document
            entry = replace(known, digest="", stamp="", chunks=len(rest), problems=(*known.problems, *problems))
            self._stored([Prepared(entry, rest)])

    def _stored(self, batch: Sequence[Prepared]) -> None:
        self._index.store(batch, self._embed)
        for each in batch:
            document = each.document
            problems = [(document.source, problem) for problem in document.problems]
            self._tally.indexed(document.root, len(each.chunks), problems)

    def _finish(self) -> None:
        if self._commit(anew=self._mending):
            self._index.tidy()
            self._refresher.now()

    def _commit(self, *, anew: bool = False) -> bool:
        changed = self._index.commit(anew=anew)
        if changed:
            self._refresher.now()
        return changed

    def _tell(self, progress: Callable[[IndexProgress], None], source: str, stage: str) -> None:
        progress(IndexProgress(self._tally.settled, self._tally.total, source, stage))

    def _state(self, file: SourceFile, known: IndexedDocument | None) -> tuple[str, str]:
        """The file's stamp and its digest; what has the same stamp as before is not read for it."""
        try:
            stamp = self._stamp(file, self._checked(file))
            digest = known.digest if known is not None and stamp and stamp == known.stamp else self._digest(file)
        except OSError as error:
            raise UnreadableDocument(error.strerror or str(error)) from error
        return stamp, digest

    def _checked(self, file: SourceFile) -> stat_result:
        state = file.path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise UnreadableDocument(NOT_A_FILE)
        if state.st_size > self._max_bytes:
            limit = f"{human_size(self._max_bytes)}, the limit of KNOWLEDGE_MAX_FILE_BYTES"
            raise UnreadableDocument(
                f"the file has {human_size(state.st_size)}, more than {limit}: divide it, or raise that"
            )
        return state

    def _stamp(self, file: SourceFile, state: stat_result) -> str:
        """While this is the same, so is the file's content. Empty for a file that was changed just now.

        The time of the change of state (ctime) cannot be set back, as that of the content can; git goes by the same.
        """
        if max(state.st_mtime, state.st_ctime) > self._now() - _SETTLED:
            return ""
        seen = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        parts = [self._recipe, *file.traits, *map(str, seen)]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _digest(self, file: SourceFile) -> str:
        with file.path.open("rb") as content:
            body = hashlib.file_digest(content, "sha256").hexdigest()
        parts = [self._recipe, *file.traits, body]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _remove_vanished(self, found: Scan, known: dict[str, IndexedDocument], order: IndexOrder) -> None:
        deletions = Deletions(found, known, order)
        self._remove(deletions.meant, known)
        for root, reasons in deletions.refused.items():
            self._tally.failed(root, reasons)

    def _remove(self, identities: Sequence[str], known: Mapping[str, IndexedDocument]) -> None:
        self._index.remove(identities)
        for identity in identities:
            self._tally.removed(known[identity].root)

    def _give_way(self, order: IndexOrder) -> bool:
        """A company's own documents never mix with the fictional ones that stood in for them."""
        if order.stand_in is None:
            return False
        known = self._index.documents()
        if not nothing_instead(known, order) and not any(_is_own(document, order) for document in known.values()):
            return False
        self._remove([identity for identity, document in known.items() if document.root == order.stand_in], known)
        return True


def _is_own(document: IndexedDocument, order: IndexOrder) -> bool:
    return document.origin is Origin.NAMED and document.root != order.stand_in
