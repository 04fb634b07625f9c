"""The manifest of one model's index: which documents are in it, of which passages they consist, and which epoch readers see."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.index.database import ManifestDatabase
from knowledge.index.kept_bounds import KeptBounds
from knowledge.index.order import Origin
from knowledge.index.passages import PassageRow
from knowledge.index.records import IndexedDocument
from knowledge.index.staged import move_on, put_back, restrict
from knowledge.index.tables import GONE, documents, owners, passages, pointers
from knowledge.index.vectors import CollectionNames, Keys, new_generation, unpacked

Result = TypeVar("Result")

_KEPT_EPOCHS = 2
"""Passages that died this long ago are removed; a reader that lags further behind notices and begins anew."""
_FIRST_EPOCHS = 1 << 30
"""Epochs are counted from anywhere below: what is cached by epoch must not fit a manifest that is begun anew."""
_MANY = 500
_POINTER = select(pointers).where(pointers.c.fingerprint == bindparam("fingerprint"))
_DOCUMENT_COLUMNS = ("id", "digest", "stamp", "source", "root", "chunks")


class GenerationChanged(Exception):
    """Another process has moved the vectors meanwhile: what was stored for the old generation must be stored again."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What readers see: everything alive in ``epoch``, with the vectors of ``generation``. Counts are of that epoch."""

    epoch: int = 0
    generation: int = 0
    documents: int = 0
    passages: int = 0


class Manifest:
    """Blocking. Changes are made to the epoch after the present one; nobody sees them until ``commit``.

    A run that was cut off leaves its changes, each of its documents whole: the next run over their roots goes on from there, and
    any other puts them back.
    """

    def __init__(self, database: ManifestDatabase, fingerprint: str) -> None:
        self._database = database
        self.fingerprint = fingerprint
        self.bounds = KeptBounds(database)
        owner = self._database.read(lambda connection: self._present(connection) and _owner(connection))
        self.collections = CollectionNames(owner or self._database.write(self._begin), fingerprint)
        """Where the vectors are."""

    def pointer(self) -> Pointer:
        """What readers see now."""
        return self._database.read(self._present) or Pointer()

    def documents(self) -> dict[str, IndexedDocument]:
        """Every document by id, as the last run left them."""
        query = select(documents).where(self._ours(documents), documents.c.digest != GONE)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return {row["id"]: _document_of(row) for row in rows}

    def stage(self, changed: Sequence[tuple[IndexedDocument, Sequence[PassageRow]]], generation: int) -> None:
        """Puts documents in the place of their last versions. Passages that are the same stay as they are.

        Raises GenerationChanged.
        """

        def work(connection: Connection) -> None:
            pointer = self._locked(connection)
            if pointer.generation != generation:
                raise GenerationChanged
            for document, wanted in changed:
                self._replace(connection, pointer.epoch + 1, document.id, wanted)
                self._write_document(connection, document)

        self._database.write(work)

    def note(self, document: IndexedDocument) -> None:
        """Writes what is known of a document, and nothing of its passages."""

        def work(connection: Connection) -> None:
            self._locked(connection)
            self._write_document(connection, document)

        self._database.write(work)

    def remove(self, identities: Iterable[str]) -> None:
        """Takes documents with their passages out of the next epoch."""
        leaving = list(identities)

        def work(connection: Connection) -> None:
            staged = self._locked(connection).epoch + 1
            for start in range(0, len(leaving), _MANY):
                some = leaving[start : start + _MANY]
                self._end(connection, staged, passages.c.document_id.in_(some))
                theirs = update(documents).where(self._ours(documents), documents.c.id.in_(some))
                connection.execute(theirs.values(digest=GONE, stamp=""))

        if leaving:
            self._database.write(work)

    def close(self, identities: Iterable[str], *, spared: Collection[str] = ()) -> set[str]:
        """Lets customers find nothing of these documents from now on, except for passages that say what is in ``spared``.

        At once, and without what a run has written meanwhile. Staff find them as before. Which of them customers could find: they
        count as changed, so that they are read again as soon as they can be. Readers may lag behind any number of these.
        """
        asked = set(identities)

        def work(connection: Connection) -> set[str]:
            pointer = self._locked(connection)
            found = self._open(connection, pointer.epoch, asked, spared)
            seen = self._open(connection, pointer.epoch, found, spared, seen=True)
            if seen:
                move_on(connection, self._ours, pointer.epoch + 1)
            for identity in found:
                mine = and_(self._ours(passages), passages.c.document_id == identity, passages.c.content.not_in(spared))
                restrict(connection, mine, pointer.epoch, self.fingerprint)
                changed = update(documents).where(self._ours(documents), documents.c.id == identity)
                connection.execute(changed.where(documents.c.digest != GONE).values(digest="", stamp=""))
            if seen:
                self._point(connection, replace(pointer, epoch=pointer.epoch + 1))
            return found

        if not asked or not self.read(lambda connection, pointer: self._open(connection, pointer.epoch, asked, spared)):
            return set()
        return self._database.write(work)

    def narrow(self, identity: str, *, staff: Collection[str], public: Collection[str]) -> bool:
        """A new version of a document has been read: what it keeps for staff is closed now, and not when the run is over.

        Only where something of it is for staff that was not before; then all that is not public in it still. Whether there was.
        """
        query = select(passages.c.content).where(
            self._ours(passages), passages.c.document_id == identity, passages.c.died.is_(None), passages.c.staff == 1
        )
        already = set(self._database.read(lambda connection: connection.execute(query).scalars().all()))
        return not set(staff) <= already and bool(self.close([identity], spared=public))

    def roll_back(self, kept: Collection[str] = ()) -> bool:
        """Documents of other roots than these are again what readers see: a run over them was cut off. Whether there were any."""
        if not self._database.read(self._has_changes):
            return False
        return self._database.write(
            lambda connection: put_back(connection, self._ours, self._locked(connection).epoch + 1, kept)
        )

    def _open(
        self, connection: Connection, epoch: int, asked: set[str], spared: Collection[str], *, seen: bool = False
    ) -> set[str]:
        """Of these documents those that customers find, or would with the next epoch; ``seen``: that they find now."""
        query = select(passages.c.document_id).where(
            *(self._ours(passages), passages.c.staff == 0, passages.c.content.not_in(spared)),
            or_(passages.c.died.is_(None), passages.c.died > epoch),
        )
        query = query.where(passages.c.born <= epoch) if seen else query
        query = query.where(passages.c.document_id.in_(asked)) if len(asked) <= _MANY else query
        return asked & set(connection.execute(query.distinct()).scalars().all())

    def sharing(self, identities: Iterable[str], others: Iterable[str]) -> set[str]:
        """Which of these documents hold a passage that one of the others holds, too."""
        asked, told = set(identities), set(others)
        query = select(passages.c.document_id, passages.c.content).where(
            self._ours(passages), passages.c.died.is_(None)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all()) if asked and told else ()
        held = {content for name, content in rows if name in told}
        return {name for name, content in rows if name in asked and content in held}

    def commit(self, *, anew: bool = False) -> Pointer:
        """Lets readers see what was changed. Writes nothing when nothing was, except for ``anew``: they look again."""
        if not anew and not self._database.read(self._has_changes):
            return self.pointer()
        return self._database.write(lambda connection: self._advance(connection))

    def move(self, old: int, new: int, complete: Callable[[Keys], bool]) -> bool:
        """Readers take the vectors from another generation. False when somebody else moved them meanwhile.

        ``complete`` is asked with all keys that are needed, while nobody can add one; when it says no, nothing moves. What has
        moved to ``new``, which nobody else knows, was moved by this very call, and the reply to its COMMIT was lost.
        """

        def work(connection: Connection) -> bool:
            pointer = self._locked(connection)
            if pointer.generation == new:
                return True
            if pointer.generation != old or not complete(self._live(connection, pointer)):
                return False
            self._advance(connection, new)
            return True

        return self._database.write(work)

    def while_still(self, work: Callable[[Pointer], Result]) -> Result:
        """``work`` while nobody can move the vectors, nor put a document in. It must be short."""
        return self._database.write(lambda connection: work(self._locked(connection)))

    def live_keys(self) -> Keys:
        """The keys of all vectors that the present epoch or the next one needs, each once."""
        return self.read(self._live)

    def _live(self, connection: Connection, pointer: Pointer) -> Keys:
        needed = or_(passages.c.died.is_(None), passages.c.died > pointer.epoch)
        query = select(passages.c.vectors).where(self._ours(passages), needed)
        return np.unique(unpacked(b"".join(connection.execute(query).scalars().all())))

    def documents_with(self, keys: Keys) -> set[str]:
        """The documents of which a passage needs one of these vectors."""
        query = select(passages.c.document_id, passages.c.vectors).where(
            self._ours(passages), passages.c.died.is_(None)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {name for name, vectors in rows if np.isin(unpacked(vectors), keys).any()}

    def read(self, work: Callable[[Connection, Pointer], Result]) -> Result:
        """``work`` on one state of the database, with the pointer of that state."""
        return self._database.read(lambda connection: work(connection, self._present(connection) or Pointer()))

    def _ours(self, table: Any) -> ColumnElement[bool]:
        ours: ColumnElement[bool] = table.c.fingerprint == self.fingerprint
        return ours

    def _present(self, connection: Connection) -> Pointer | None:
        row = connection.execute(_POINTER, {"fingerprint": self.fingerprint}).mappings().one_or_none()
        return None if row is None else Pointer(row["epoch"], row["generation"], row["documents"], row["passages"])

    def _begin(self, connection: Connection) -> str:
        kind = sqlite if connection.dialect.name == "sqlite" else postgresql
        values = {"epoch": secrets.randbelow(_FIRST_EPOCHS), "generation": new_generation()}
        begun = kind.insert(pointers).values(fingerprint=self.fingerprint, **values, documents=0, passages=0)
        connection.execute(begun.on_conflict_do_nothing())
        named = kind.insert(owners).values(only=1, id=secrets.token_hex(8))
        connection.execute(named.on_conflict_do_nothing())
        return str(_owner(connection))

    def _locked(self, connection: Connection) -> Pointer:
        """The pointer, which nobody else changes before this transaction ends."""
        row = connection.execute(select(pointers).where(self._ours(pointers)).with_for_update()).mappings().one()
        return Pointer(row["epoch"], row["generation"], row["documents"], row["passages"])

    def _replace(self, connection: Connection, staged: int, identity: str, wanted: Sequence[PassageRow]) -> None:
        alive = select(passages).where(
            self._ours(passages), passages.c.document_id == identity, passages.c.died.is_(None)
        )
        present = {PassageRow.of(row): row["row"] for row in connection.execute(alive).mappings()}
        kept = set(wanted)
        ended = [row for passage, row in present.items() if passage not in kept]
        for start in range(0, len(ended), _MANY):
            self._end(connection, staged, passages.c.row.in_(ended[start : start + _MANY]))
        new = [passage for passage in wanted if passage not in present]
        if new:
            key = {"fingerprint": self.fingerprint, "document_id": identity, "born": staged}
            connection.execute(insert(passages), [{**key, **passage.values()} for passage in new])

    def _end(self, connection: Connection, staged: int, which: ColumnElement[bool]) -> None:
        """What nobody has seen yet goes at once; what readers see ends with the next epoch."""
        alive = (self._ours(passages), passages.c.died.is_(None), which)
        connection.execute(delete(passages).where(*alive, passages.c.born == staged))
        connection.execute(update(passages).where(*alive).values(died=staged))

    def _write_document(self, connection: Connection, document: IndexedDocument) -> None:
        values = {name: getattr(document, name) for name in _DOCUMENT_COLUMNS}
        values |= {"origin": document.origin.value, "problems": "\n".join(document.problems)}
        changed = update(documents).where(self._ours(documents), documents.c.id == document.id).values(**values)
        if connection.execute(changed).rowcount == 0:
            connection.execute(insert(documents).values(fingerprint=self.fingerprint, **values))

    def _has_changes(self, connection: Connection) -> bool:
        pointer = self._present(connection) or Pointer()
        staged = pointer.epoch + 1
        query = select(passages.c.row).where(
            self._ours(passages), or_(passages.c.born == staged, passages.c.died == staged)
        )
        if connection.execute(query.limit(1)).first() is not None:
            return True
        return self._counts(connection) != (pointer.documents, pointer.passages)

    def _counts(self, connection: Connection) -> tuple[int, int]:
        query = select(func.count(), func.coalesce(func.sum(documents.c.chunks), 0)).where(
            self._ours(documents), documents.c.digest != GONE
        )
        count, chunks = connection.execute(query).one()
        return int(count), int(chunks)

    def _advance(self, connection: Connection, generation: int | None = None) -> Pointer:
        pointer = self._locked(connection)
        counts = self._counts(connection)
        connection.execute(delete(documents).where(self._ours(documents), documents.c.digest == GONE))
        moved = Pointer(pointer.epoch + 1, pointer.generation if generation is None else generation, *counts)
        self._point(connection, moved)
        old = passages.c.died <= moved.epoch - _KEPT_EPOCHS
        connection.execute(delete(passages).where(self._ours(passages), old))
        return moved

    def _point(self, connection: Connection, moved: Pointer) -> None:
        connection.execute(update(pointers).where(self._ours(pointers)).values(**asdict(moved)))


def _owner(connection: Connection) -> str | None:
    return connection.execute(select(owners.c.id)).scalar_one_or_none()


def _document_of(row: Any) -> IndexedDocument:
    return IndexedDocument(
        **{name: row[name] for name in _DOCUMENT_COLUMNS},
        origin=Origin(row["origin"]),
        problems=tuple(row["problems"].splitlines()),
    )
