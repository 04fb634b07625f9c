"""The vectors at rest in Chroma: one for each text, by the hash of the text, in one collection for each generation.

Chroma's own search is not used (ADR 0010), so its graph is kept as small as it can be: with its usual settings it took
five times as long to write 10,000 vectors, and more memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.index.chroma_process import AnyChroma
from knowledge.index.client import ChromaFailed, Matrix

Keys = NDArray[np.uint64]

_PREFIX = "switchboard-index"
_CONFIGURATION = {"hnsw": {"space": "ip", "ef_construction": 4, "max_neighbors": 2}}
_BATCH = 500
_GENERATIONS = 1 << 31
"""What an integer of PostgreSQL holds."""


def key_of(text: str) -> int:
    """The key of a text's vector. 64 bits: among a million texts two share a key with a chance of 1 in 30 million."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")


def packed(keys: Sequence[int]) -> bytes:
    """Keys as the manifest stores them."""
    return np.asarray(keys, "<u8").tobytes()


def unpacked(stored: bytes) -> Keys:
    """Keys as the manifest stores them, one after the other."""
    return np.frombuffer(stored, "<u8").astype(np.uint64, copy=False)


@dataclass(frozen=True, slots=True)
class CollectionNames:
    """Names Chroma collections by owner and model: several manifests share a server, and none may touch another's."""

    owner: str
    fingerprint: str

    def name(self, generation: int) -> str:
        """The collection of a generation."""
        return f"{_PREFIX}-{self.owner}-{self.fingerprint}-{generation}"

    def holds(self, name: str) -> bool:
        """Whether a collection is a generation of this model's."""
        start = self.name(0)[:-1]
        return name.startswith(start) and name.removeprefix(start).isdigit()

    def owns(self, name: str) -> bool:
        """Whether a collection is this owner's, for any model."""
        return name.startswith(f"{_PREFIX}-{self.owner}-")


class Vectors:
    """Blocking; for one thread. A collection is made when something is put into it."""

    def __init__(self, client: AnyChroma, names: CollectionNames, generation: int) -> None:
        self._client = client
        self._name = names.name(generation)
        self._there = False
        self.generation = generation

    def count(self) -> int:
        """Vectors, used and unused."""
        return self._client.count(self._name) if self._found() else 0

    def missing(self, keys: Sequence[int]) -> list[int]:
        """Those of ``keys`` that have no vector yet, each once, in order."""
        present: set[str] = set()
        wanted = list(dict.fromkeys(keys))
        if not self._found():
            return wanted
        for batch in _batches([_id(key) for key in wanted]):
            present.update(self._client.present(self._name, batch))
        return [key for key in wanted if _id(key) not in present]

    def put(self, keys: Sequence[int], vectors: Matrix) -> None:
        """Stores vectors, durably. One that is there already is the same and stays."""
        if not self._found():
            self._client.make(self._name, _CONFIGURATION)
            self._there = True
        for start in range(0, len(keys), _BATCH):
            batch = slice(start, start + _BATCH)
            self._client.put(self._name, [_id(key) for key in keys[batch]], vectors[batch])

    def get(self, keys: Sequence[int]) -> Iterator[tuple[list[int], Matrix]]:
        """The vectors that are there, in pieces, in no order."""
        for batch in _batches([_id(key) for key in keys]) if self._found() else ():
            names, matrix = self._client.get(self._name, batch)
            if names:
                yield [int(name, 16) for name in names], matrix

    def _found(self) -> bool:
        """Who only reads must not make a collection, which would outlive a generation that was removed."""
        self._there = self._there or self._name in self._client.names()
        return self._there


def new_generation() -> int:
    """A number that no generation had before: what a killed process left half made is never taken for another's."""
    return 1 + secrets.randbelow(_GENERATIONS - 1)


def was_removed(error: Exception) -> bool:
    """Whether a collection was removed by another process while it was used."""
    return isinstance(error, ChromaFailed) and error.kind == "NotFoundError"


def drop(client: AnyChroma, names: CollectionNames, generation: int) -> None:
    """Removes a generation, if it is there."""
    name = names.name(generation)
    if name in client.names():
        client.remove(name)


def others_than(client: AnyChroma, names: CollectionNames, generation: int, *, of_other_models: bool) -> list[str]:
    """The collections of other generations of this model, and with ``of_other_models`` of the owner's other models."""
    belongs = names.owns if of_other_models else names.holds
    return [name for name in client.names() if name != names.name(generation) and belongs(name)]


def remove_files(directory: Path) -> None:
    """Embedded Chroma 1.5.9 leaves the files of a collection that was deleted; this removes what nothing leads to."""
    file = directory / "chroma.sqlite3"
    if not file.exists():
        return
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        used = {str(identity) for (identity,) in connection.execute("SELECT id FROM segments")}
    for folder in directory.iterdir():
        if folder.is_dir() and _is_uuid(folder.name) and folder.name not in used:
            shutil.rmtree(folder, ignore_errors=True)


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False


def _id(key: int) -> str:
    return f"{key:016x}"


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _BATCH):
        yield names[start : start + _BATCH]
