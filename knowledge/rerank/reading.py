"""One score orders passages and says whether there is an answer: a cross-encoder's, with bounds measured on its scores."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import Passage
from knowledge.calibrate.bounds import Bounds
from knowledge.calibrate.calibrator import Calibrator, Embed
from knowledge.calibrate.labelled import LabelledQuestions
from knowledge.index.reader import Reader
from knowledge.process.searchable import Searchable
from knowledge.rerank.retriever import shown
from knowledge.search.corpus import Corpus
from knowledge.search.engine import nearness


class Model(Protocol):
    """A cross-encoder (see CrossEncoder)."""

    name: str
    fingerprint: str

    def scores(self, question: str, passages: Sequence[str], until: float) -> NDArray[np.float32] | None:
        """One score for each passage; None where ``until`` comes first."""


_log = logging.getLogger("switchboard.knowledge")

_PAUSE = 1.0
"""Seconds between two looks at whether there are other passages to measure the bounds by."""
_MEASURED_ON = 4
"""The nearest passages that a question is read beside where the bounds are measured."""


class ReadingCalibrator(Calibrator):
    """Measures the bounds on what the cross-encoder says of the nearest passages of each question."""

    def __init__(self, embed: Embed, fingerprint: str, labelled: LabelledQuestions | None, model: Model) -> None:
        super().__init__(embed, f"{fingerprint} {model.fingerprint}", labelled)
        self._model = model

    def _best(self, corpus: Corpus, allowed: NDArray[np.bool_], texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._embedded(texts, corpus.arrays.vectors.shape[1])
        pairs = zip(texts, vectors, strict=True)
        return np.array([self._read(corpus, allowed, text, vector) for text, vector in pairs], np.float32)

    def _read(self, corpus: Corpus, allowed: NDArray[np.bool_], text: str, vector: NDArray[np.float32]) -> float:
        near = np.where(allowed, nearness(corpus.arrays, vector), -np.inf)
        rows = np.argsort(-near, kind="stable")[: min(_MEASURED_ON, int(np.count_nonzero(allowed)))]
        passages = corpus.passages([int(row) for row in rows])
        scores = self._model.scores(text, [shown(passage) for passage in passages], np.inf)
        return 0.0 if scores is None else float(scores.max())


class Reading:
    """``seconds``: how long a question waits. Until its bounds are measured, nothing is read."""

    def __init__(self, model: Model, calibrator: Calibrator, seconds: float) -> None:
        self._model = model
        self._calibrator = calibrator
        self._seconds = seconds
        self._measured_for: Searchable | None = None
        self.bounds: Bounds | None = None

    def follow(self, reader: Reader[Searchable], ended: threading.Event) -> None:
        """Measures the bounds, and again when the passages are others; for a thread of its own."""
        while not ended.is_set():
            try:
                self.measure(reader.current)
            except Exception as error:
                _log.warning("the threshold of %s cannot be measured now: %s", self._model.name, error)
            ended.wait(_PAUSE)

    def measure(self, epoch: Searchable) -> None:
        """The bounds for this epoch, kept for the next start. Raises EpochGone."""
        if epoch is self._measured_for:
            return
        bounds = self._calibrator.bounds(epoch.corpus, epoch.words.languages, epoch.corpus.manifest.bounds, wait=True)
        if bounds.provisional:
            return
        self.bounds, self._measured_for = bounds, epoch

    def ordered(self, question: str, passages: Sequence[Passage]) -> list[Passage] | None:
        """With its scores, best first. None where it is not ready, failed or took too long: the search's own order holds."""
        if self.bounds is None or not passages:
            return None
        try:
            scores = self._model.scores(question, [shown(one) for one in passages], time.monotonic() + self._seconds)
        except Exception as error:
            _log.warning("%s failed: %s: %s", self._model.name, type(error).__name__, error)
            return None
        if scores is None:
            _log.warning("%s is out of time; the search's own order is used", self._model.name)
            return None
        read = [replace(one, score=float(score)) for one, score in zip(passages, scores, strict=True)]
        return sorted(read, key=lambda one: -one.score)
