"""The words of an epoch on the disk after power loss: whatever is missing of them, they are made anew and found."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from knowledge.documents import Chunk
from knowledge.search.build import build_words, words_for
from knowledge.search.memory import MemoryCorpus, memory_corpus
from knowledge.search.words import WordIndex
from tests.unit.knowledge.bag_of_words import embed


@pytest.fixture
def corpus() -> MemoryCorpus:
    texts = [f"These lines are about matter {number} alone." for number in range(9)]
    return memory_corpus([(f"{text}.md", [Chunk("Matter", text, (text,))]) for text in texts], embed)


FILES = ["about.json", "vocabulary.txt", "spellings.txt", "document_of.npy", "head_of.npy"]
ARRAYS = [
    f"{field}-{part}.npy" for field in ("passages", "documents", "heads") for part in ("starts", "where", "weight")
]


def opened(corpus: MemoryCorpus, folder: Path) -> bool:
    """Whether the words that are opened say what they should."""
    made = build_words(corpus.texts(), corpus.arrays.document_of)
    return bool((words_for(corpus, folder).scores("matter 7 alone") == made.scores("matter 7 alone")).all())


@pytest.mark.parametrize("name", [*FILES, *ARRAYS])
@pytest.mark.parametrize("left", ["nothing", "half", "zeros"])
def test_a_file_that_is_not_whole(corpus: MemoryCorpus, tmp_path: Path, name: str, left: str) -> None:
    assert opened(corpus, tmp_path)
    [cache] = tmp_path.iterdir()
    assert {file.name for file in cache.iterdir()} == {*FILES, *ARRAYS}
    whole = (cache / name).read_bytes()
    (cache / name).write_bytes({"nothing": b"", "half": whole[: len(whole) // 2], "zeros": bytes(len(whole))}[left])

    assert opened(corpus, tmp_path)


@pytest.mark.parametrize("name", ["document_of.npy", "head_of.npy", *ARRAYS])
def test_an_array_of_another_length(corpus: MemoryCorpus, tmp_path: Path, name: str) -> None:
    assert opened(corpus, tmp_path)
    [cache] = tmp_path.iterdir()
    np.save(cache / name, np.load(cache / name)[:-1])

    assert WordIndex.load(cache) is None
    assert opened(corpus, tmp_path)


def test_everything_is_on_the_disk_before_it_has_its_name(
    corpus: MemoryCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, synced = tmp_path / "words", set[int]()

    def fsync(descriptor: int) -> None:
        assert not place.exists()
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    build_words(corpus.texts(), corpus.arrays.document_of).save(place)

    assert {file.stat().st_ino for file in place.iterdir()} <= synced
