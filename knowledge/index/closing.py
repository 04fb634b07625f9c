"""Which documents of the index customers must not find any more, although what is there now could not be read.

A document that cannot be read stays in the index as it was; what it was for customers must not stay with it where its place, or
what its file says, is for staff now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import SourceFile
from knowledge.index.records import IndexedDocument
from knowledge.index.writing import IndexWriter
from knowledge.sources import Catalog, Scan, scan

_PIECE = 256 * 1024
"""Bytes that are looked at together: this is the process that answers customers."""


def close_now(index: IndexWriter, roots: Sequence[str], catalog: Catalog, now: float) -> set[str]:
    """Closes what is for staff now without a run, which may have to wait for hours until one of another process is over.

    It reads no document, and bears being done beside a run. Which documents customers could find until now.
    """
    known, found = index.documents(), scan(roots, catalog, index.fetches.newest(now))
    return index.close(for_staff_now(found, known, catalog, roots))


def for_staff_now(
    found: Scan, known: Mapping[str, IndexedDocument], catalog: Catalog, looked_at: Iterable[str]
) -> set[str]:
    """Documents in sources for staff, whether this run came by them or not; and those that have gone while a new file of their
    name came up in such a source, since they were moved there.
    """
    staff, options = catalog.staff(), cache(catalog.options)
    listed = for_staff(found)
    moved = {_name(file.source) for file in found.files if file.id in listed and file.id not in known}
    absent = known.keys() - {file.id for file in found.files}
    gone = gone_from(found, known, looked_at)
    return (listed & known.keys()) | {
        name
        for name in absent
        if (name in gone and _name(known[name].source) in moved)
        or staff.hold_document(name, options(known[name].root), known[name].source)
    }


def for_staff(found: Scan) -> set[str]:
    """The ids of files that lie in sources for staff."""
    return {file.id for file in found.files if file.audience is KnowledgeAudience.STAFF}


def gone_from(found: Scan, known: Mapping[str, IndexedDocument], looked_at: Iterable[str]) -> set[str]:
    """Documents of these roots that were not come by."""
    present, roots = {file.id for file in found.files}, set(looked_at)
    return {name for name, document in known.items() if document.root in roots and name not in present}


def speaks_of_audience(file: SourceFile, most: int) -> bool:
    """Whether a file that cannot be read may say for whom it is. Then nobody knows, and it must not be guessed."""
    word, before = b"audience", b""
    try:
        with file.path.open("rb") as content:
            for _ in range(0, most, _PIECE):
                piece = before + content.read(_PIECE).replace(b"\0", b"").lower()
                if word in piece:
                    return True
                before = piece[-len(word) :]
    except OSError:
        pass
    return False


def _name(source: str) -> str:
    return Path(source).name
