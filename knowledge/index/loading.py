"""Brings an epoch of the index into memory: the structure from the manifest, the vectors from Chroma."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, or_, select

from knowledge.index.client import Matrix
from knowledge.index.manifest import Manifest, Pointer
from knowledge.index.snapshot import Snapshot
from knowledge.index.tables import passages
from knowledge.index.vectors import Keys, Vectors, unpacked
from knowledge.search.arrays import Arrays

_STRUCTURE = (
    passages.c.row,
    passages.c.document_id,
    passages.c.section_number,
    passages.c.category_key,
    passages.c.language,
    passages.c.staff,
    passages.c.vectors,
)


def load(manifest: Manifest, vectors: Vectors, before: Snapshot | None) -> Snapshot:
    """The present epoch. Only vectors that the snapshot before it does not have are fetched.

    ``vectors`` are those of the generation that the manifest pointed to. Raises what Chroma raises, also when that
    generation has been removed meanwhile.
    """
    pointer, rows = manifest.read(lambda connection, pointer: (pointer, _structure(connection, manifest, pointer)))
    stored = [unpacked(row.vectors) for row in rows]
    keys, key_of_record = np.unique(np.concatenate([np.zeros(0, np.uint64), *stored]), return_inverse=True)
    passage_of = np.repeat(np.arange(len(rows), dtype=np.int32), [len(each) for each in stored])
    matrix, there = _matrix(keys, vectors, before)
    if not there.any():
        rows = []  # nothing of it can be found, and nobody can say how long a vector is
    usable = there[key_of_record]
    place = np.cumsum(there, dtype=np.int32) - 1
    categories, languages = _numbers(row.category_key for row in rows), _numbers(row.language for row in rows)
    arrays = Arrays(
        vectors=matrix,
        vector_of=place[key_of_record[usable]],
        passage_of=passage_of[usable],
        document_of=_runs([row.document_id for row in rows]),
        category_of=_places(categories, [row.category_key for row in rows]),
        language_of=_places(languages, [row.language for row in rows]),
        staff_only=np.array([row.staff != 0 for row in rows], np.bool_),
        categories=categories,
        languages=languages,
    )
    return Snapshot(
        epoch=pointer.epoch,
        arrays=arrays,
        keys=keys[there],
        section_of=np.array([-1 if row.section_number is None else row.section_number for row in rows], np.int32),
        rows=np.array([row.row for row in rows], np.int64),
        lost=int(len(keys) - there.sum()),
        manifest=manifest,
    )


def _structure(connection: Connection, manifest: Manifest, pointer: Pointer) -> Sequence[Any]:
    query = (
        select(*_STRUCTURE)
        .where(passages.c.fingerprint == manifest.fingerprint, passages.c.born <= pointer.epoch)
        .where(or_(passages.c.died.is_(None), passages.c.died > pointer.epoch))
        .order_by(passages.c.document_id, passages.c.ordinal, passages.c.row)
    )
    return connection.execute(query).all()


def _matrix(keys: Keys, vectors: Vectors, before: Snapshot | None) -> tuple[Matrix, NDArray[np.bool_]]:
    """The vectors in the order of ``keys``, without those that are nowhere; and which of ``keys`` are somewhere."""
    there = np.zeros(len(keys), np.bool_)
    if before is not None and len(before.keys):
        there = np.isin(keys, before.keys, assume_unique=True)
    fetched: list[tuple[NDArray[np.intp], Matrix]] = []
    for names, found in vectors.get([int(key) for key in keys[~there]]):
        fetched.append((np.searchsorted(keys, np.array(names, np.uint64)), found))
    known = there.copy()
    for places, _ in fetched:
        there[places] = True
    width = fetched[0][1].shape[1] if fetched else before.arrays.vectors.shape[1] if before is not None else 0
    matrix = np.empty((int(there.sum()), width), np.float32)
    place = np.cumsum(there) - 1
    if before is not None and known.any():
        matrix[place[known]] = before.arrays.vectors[np.searchsorted(before.keys, keys[known])]
    for places, found in fetched:
        matrix[place[places]] = found
    return matrix, there


def _runs(names: Sequence[str]) -> NDArray[np.int32]:
    """Numbers from 0 for names that stand together."""
    if not names:
        return np.zeros(0, np.int32)
    text = np.array(names)
    return np.concatenate([np.zeros(1, np.int32), np.cumsum(text[1:] != text[:-1], dtype=np.int32)])


def _numbers(names: Iterable[str | None]) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted({name for name in names if name is not None}))}


def _places(numbers: Mapping[str, int], names: Sequence[str | None]) -> NDArray[np.int32]:
    return np.array([-1 if name is None else numbers[name] for name in names], np.int32)
