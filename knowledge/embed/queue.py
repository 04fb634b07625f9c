"""One thread owns the model. Questions go before documents, and those that wait together are embedded together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from knowledge.embed.embedder import Embedder, Vectors

Vector: TypeAlias = NDArray[np.float32]

_MOST_QUESTIONS = 32
_DOCUMENTS_AT_ONCE = 4
"""Small, so that a question waits for no more than one such batch, and little memory is held for them."""


class EmbeddingQueue:
    """Start with ``run`` in a thread of its own. ``embedded`` counts the document texts that went through the model."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._questions: deque[tuple[str, Future[Vector]]] = deque()
        self._documents: deque[tuple[Sequence[str], Future[Vectors]]] = deque()
        self._waiting = threading.Condition()
        self._closed = False
        self.embedded = 0

    def question(self, text: str) -> Future[Vector]:
        """The vector of a question, soon."""
        future: Future[Vector] = Future()
        with self._open():
            self._questions.append((text, future))
        return future

    def documents(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages; waits for them. Similar lengths are put together, so that little is padding."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        vectors = np.empty((len(texts), self._embedder.dimensions), np.float32)
        for start in range(0, len(order), _DOCUMENTS_AT_ONCE):
            places = order[start : start + _DOCUMENTS_AT_ONCE]
            batch: Future[Vectors] = Future()
            with self._open():
                self._documents.append(([texts[at] for at in places], batch))
            vectors[places] = batch.result()
        return vectors

    def run(self) -> None:
        """Works until ``close``."""
        while True:
            with self._waiting:
                self._waiting.wait_for(lambda: self._closed or self._questions or self._documents)
                if self._closed:
                    return
                questions = [self._questions.popleft() for _ in range(min(len(self._questions), _MOST_QUESTIONS))]
                documents = None if questions else self._documents.popleft()
            if questions:
                self._embed_questions(questions)
            elif documents:
                self._embed_documents(*documents)

    def close(self) -> None:
        """Ends ``run`` after what it is doing; what still waits gets an error."""
        with self._waiting:
            self._closed = True
            abandoned: list[Future[Vector] | Future[Vectors]] = [future for _, future in self._questions]
            abandoned.extend(future for _, future in self._documents)
            self._waiting.notify_all()
        for future in abandoned:
            future.cancel()

    @contextmanager
    def _open(self) -> Iterator[None]:
        """The lock while something is added; wakes the thread afterwards."""
        with self._waiting:
            if self._closed:
                raise RuntimeError("the embedding queue is closed")
            yield
            self._waiting.notify()

    def _embed_questions(self, questions: Sequence[tuple[str, Future[Vector]]]) -> None:
        try:
            vectors = self._embedder.embed_questions([text for text, _ in questions])
        except Exception as error:
            for _, future in questions:
                future.set_exception(error)
            return
        for (_, future), vector in zip(questions, vectors, strict=True):
            future.set_result(vector)

    def _embed_documents(self, texts: Sequence[str], future: Future[Vectors]) -> None:
        try:
            vectors = self._embedder.embed_documents(texts)
        except Exception as error:
            future.set_exception(error)
            return
        self.embedded += len(texts)
        future.set_result(vectors)
