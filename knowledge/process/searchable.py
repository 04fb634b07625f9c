"""One epoch with its index of words and its bounds: what the knowledge process searches, taken and left as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import Passage
from knowledge.calibrate.bounds import Bounds
from knowledge.calibrate.calibrator import Calibrator
from knowledge.index.snapshot import Snapshot
from knowledge.search.build import build_words, words_for
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from knowledge.search.words import WordIndex


@dataclass(frozen=True, slots=True)
class Searchable:
    """All parts are of one epoch, which never changes."""

    corpus: Snapshot
    words: WordIndex
    bounds: Bounds

    def search(self, question: str, vector: NDArray[np.float32], filters: Filters, limit: int) -> list[Passage]:
        """Passages, best first. Raises EpochGone."""
        return search(self.corpus, self.words, question, vector, filters, limit)

    def measured(self, calibrator: Calibrator) -> Searchable:
        """The same, with the bounds that it has now, however long that takes. Raises EpochGone."""
        keeper = self.corpus.manifest.bounds
        return replace(self, bounds=calibrator.bounds(self.corpus, self.words.languages, keeper, wait=True))


def with_words(folder: Path, calibrator: Calibrator) -> Callable[[Snapshot], Searchable]:
    """Prepares epochs; their words are kept in ``folder``, from where the next process has them at once."""

    def prepare(snapshot: Snapshot) -> Searchable:
        try:
            words = words_for(snapshot, folder)
        except OSError:  # nowhere to keep them: they are made anew at each start
            words = build_words(snapshot.texts(), snapshot.arrays.document_of)
        return Searchable(snapshot, words, calibrator.bounds(snapshot, words.languages, snapshot.manifest.bounds))

    return prepare
