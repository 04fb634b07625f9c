"""One epoch of the index in memory, as a search looks at it. It never changes; the next epoch is another snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, select

from core.domain.knowledge import Passage
from knowledge.index.manifest import Manifest, Pointer
from knowledge.index.passages import passage_of
from knowledge.index.tables import passages
from knowledge.index.vectors import Keys
from knowledge.search.arrays import Arrays
from knowledge.search.corpus import PassageText

_MANY = 500
_BY_ROW = select(passages).where(passages.c.row.in_(bindparam("rows", expanding=True)))
_LONGEST_PARENT = 2400
"""Characters of a section that are returned with a passage of it: about what an answer can be made of."""

_MOST_BESIDE = 8
"""Passages on each side that are looked at for it: a table of 20,000 rows is one section."""


class EpochGone(Exception):
    """This epoch is so old that passages of it have been removed: search in the present one."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """See knowledge.search.corpus.Corpus. ``keys`` are the vectors' keys, rising; ``rows`` the passages' in the manifest.

    ``lost``: vectors that the manifest names and Chroma does not have; the next run makes them again.
    """

    epoch: int
    arrays: Arrays
    keys: Keys
    section_of: NDArray[np.int32]
    rows: NDArray[np.int64]
    lost: int
    manifest: Manifest = field(repr=False)

    def texts(self) -> Iterator[PassageText]:
        """Every passage's words. Raises EpochGone."""
        for start in range(0, len(self.rows), _MANY):
            for row in self._read(range(start, min(start + _MANY, len(self.rows)))):
                unit = '"question":' in row["details"]
                yield PassageText(row["title"], row["section"], row["content"], row["language"], unit)

    def passages(self, rows: Sequence[int]) -> Sequence[Passage]:
        """What is returned; what was closed since this epoch is for staff. Raises EpochGone."""
        around = {row: self._section(row) for row in rows}
        wanted = sorted({each for section in around.values() for each in section})
        found = dict(zip(wanted, self._read(wanted), strict=True))
        return [passage_of(found[row], _parent(row, around[row], found)) for row in rows]

    def _section(self, row: int) -> range:
        """The passages of its section, which follow one another."""
        first, last = row, row
        if self.section_of[row] >= 0:
            while first > max(0, row - _MOST_BESIDE) and self._together(first - 1, row):
                first -= 1
            while last < min(len(self.rows) - 1, row + _MOST_BESIDE) and self._together(last + 1, row):
                last += 1
        return range(first, last + 1)

    def _together(self, one: int, other: int) -> bool:
        kinds = (self.section_of, self.arrays.document_of, self.arrays.staff_only)
        return all(bool(kind[one] == kind[other]) for kind in kinds)

    def _read(self, rows: Sequence[int]) -> list[Mapping[Any, Any]]:
        wanted = [int(row) for row in self.rows[list(rows)]]

        def work(connection: Connection, pointer: Pointer) -> dict[int, Mapping[Any, Any]]:
            found: dict[int, Mapping[Any, Any]] = {}
            for start in range(0, len(wanted), _MANY):
                read = connection.execute(_BY_ROW, {"rows": wanted[start : start + _MANY]})
                found.update((row["row"], row) for row in read.mappings())
            closed = self._closed_since(connection, pointer, found.values())
            return {name: {**row, "staff": 1} if name in closed else row for name, row in found.items()}

        found = self.manifest.read(work)
        if len(found) < len(wanted):
            raise EpochGone
        return [found[row] for row in wanted]

    def _closed_since(self, connection: Connection, pointer: Pointer, found: Iterable[Mapping[Any, Any]]) -> set[int]:
        """Of these the rows that have left the present epoch, and of whose document something has become the staff's meanwhile.

        Maybe more than was closed, until the next epoch is ready, and never less. While nothing has left, nothing is asked.
        """
        left = {row["row"]: row["document_id"] for row in found if not row["staff"] and _has_died(row, pointer.epoch)}
        names, closed = sorted(set(left.values())), set()
        for start in range(0, len(names), _MANY):
            query = select(passages.c.document_id).where(
                passages.c.fingerprint == self.manifest.fingerprint,
                passages.c.document_id.in_(names[start : start + _MANY]),
                passages.c.staff == 1,
                passages.c.born.between(self.epoch + 1, pointer.epoch),
            )
            closed |= set(connection.execute(query.distinct()).scalars().all())
        return {row for row, document in left.items() if document in closed}


def _has_died(row: Mapping[Any, Any], epoch: int) -> bool:
    return row["died"] is not None and row["died"] <= epoch


def _parent(row: int, section: range, found: Mapping[int, Mapping[Any, Any]]) -> str | None:
    """The section as far as it fits, grown around the passage; None where it is no more than the passage itself."""
    first, last, size = row, row, len(found[row]["content"])
    while True:
        grown = False
        for beside in (last + 1, first - 1):
            if (
                beside in section
                and found[beside]["staff"] == found[row]["staff"]
                and size + len(found[beside]["content"]) <= _LONGEST_PARENT
            ):
                size += len(found[beside]["content"])
                first, last, grown = min(first, beside), max(last, beside), True
        if not grown:
            break
    return None if first == last else "\n\n".join(found[each]["content"] for each in range(first, last + 1))
