"""Chroma in its own process: the same vectors come back, and the process is there only while it is used."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from knowledge.index import chroma_process
from knowledge.index.chroma_process import ChromaProcess
from knowledge.index.client import ChromaFailed
from knowledge.index.vectors import CollectionNames, Vectors, was_removed


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[ChromaProcess]:
    process = ChromaProcess(tmp_path / "chroma", None)
    yield process
    process.close()


def test_what_was_put_comes_back_after_its_process_ended(
    chroma: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = CollectionNames("owner", "model")
    kept = np.arange(12, dtype=np.float32).reshape(3, 4)
    vectors = Vectors(chroma, names, 7)
    assert (vectors.missing([1, 2]), vectors.count(), list(vectors.get([1]))) == ([1, 2], 0, [])
    vectors.put([1, 2, 3], kept)
    assert chroma._child is not None
    os.kill(chroma._child.pid, signal.SIGKILL)
    chroma._child.wait(30)
    ((keys, found),) = vectors.get([3, 1, 4])
    assert dict(zip(keys, found.tolist(), strict=True)) == {1: kept[0].tolist(), 3: kept[2].tolist()}
    assert (vectors.missing([1, 4]), vectors.count()) == ([4], 3)
    monkeypatch.setattr(chroma_process, "_UNUSED_SECONDS", 0.1)
    until = time.monotonic() + 30
    while chroma._child is not None:
        assert time.monotonic() < until, "it stays although nothing uses it"
        time.sleep(0.1)
    chroma.remove(names.name(7))
    with pytest.raises(ChromaFailed) as told:
        vectors.count()
    assert was_removed(told.value)
