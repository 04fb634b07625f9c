"""Questions go before documents, and those that wait together are embedded together.

A model that several threads may use at once has a thread for questions and others for documents, which give way to
everything else on the machine; a model that may not has one thread, which takes questions first.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import KnowledgeUnavailable
from knowledge.embed.embedder import Embedder, TextRefused, Vectors

Vector: TypeAlias = NDArray[np.float32]

_QUESTIONS_AT_ONCE = 4
_MOST_QUESTIONS = 32
_MOST_WAITING = 1_000
"""Questions: more than any model answers within the time of a customer."""
_MOST_REMEMBERED = 512
"""Questions whose vectors are kept: greetings and the suggestions that customers press come again and again."""
_NICE = 10
"""Of the threads for documents: whoever waits for an answer comes first on a machine with few cores."""


class Question(NamedTuple):
    """``until``: when whoever asked gives up, on the queue's clock."""

    text: str
    future: Future[Vector]
    until: float


class EmbeddingQueue:
    """Start with ``run`` in a thread of its own. ``embedded`` counts the document texts that went through the model."""

    def __init__(self, embedder: Embedder, clock: Callable[[], float] = time.monotonic) -> None:
        self._embedder = embedder
        self._clock = clock
        self._questions: deque[Question] = deque()
        self._documents: deque[tuple[Sequence[str], Future[Vectors]]] = deque()
        self._waiting = threading.Condition()
        self._closed = False
        self._remembered: dict[bytes, Vector] = {}
        self.embedded = 0

    def question(self, text: str, until: float = math.inf) -> Future[Vector]:
        """The vector of a question, soon. KnowledgeUnavailable where it is not embedded ``until`` then, or too many wait."""
        future: Future[Vector] = Future()
        with self._open():
            known = self._remembered.pop(key := _digest(text), None)
            if known is not None:
                self._remembered[key] = known  # at the end: what was asked last goes last
                future.set_result(known)
            elif len(self._questions) < _MOST_WAITING:
                self._questions.append(Question(text, future, until))
            else:
                future.set_exception(KnowledgeUnavailable("too many questions wait for the model"))
        return future

    def questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of questions that nobody waits for: few at a time, so that one of a customer is not behind them all."""
        found: list[Vector] = []
        for start in range(0, len(texts), _QUESTIONS_AT_ONCE):
            waiting = [self.question(text) for text in texts[start : start + _QUESTIONS_AT_ONCE]]
            found.extend(each.result() for each in waiting)
        return np.stack(found)

    def documents(self, texts: Sequence[str]) -> Vectors:
        """The vectors of passages; waits for them. Similar lengths are put together, so that little is padding."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        size = self._embedder.batch
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        futures: list[Future[Vectors]] = [Future() for _ in batches]
        with self._open():
            for places, future in zip(batches, futures, strict=True):
                self._documents.append(([texts[at] for at in places], future))
        vectors = np.empty((len(texts), self._embedder.dimensions), np.float32)
        try:
            for places, future in zip(batches, futures, strict=True):
                vectors[places] = future.result()
        finally:
            for future in futures:
                future.cancel()  # after an error nobody wants the rest
        return vectors

    def run(self) -> None:
        """Works until ``close``."""
        lanes = self._embedder.lanes
        for number in range(lanes):
            threading.Thread(target=self._document_lane, name=f"documents-{number}", daemon=True).start()
        while (work := self._next(questions=True, documents=not lanes)) is not None:
            work()

    def close(self) -> None:
        """Ends ``run`` after what it is doing; what still waits gets an error."""
        with self._waiting:
            self._closed = True
            abandoned: list[Future[Vector] | Future[Vectors]] = [one.future for one in self._questions]
            abandoned.extend(future for _, future in self._documents)
            self._waiting.notify_all()
        for future in abandoned:
            future.cancel()

    def _document_lane(self) -> None:
        _give_way()
        while (work := self._next(questions=False, documents=True)) is not None:
            work()

    def _next(self, *, questions: bool, documents: bool) -> Callable[[], None] | None:
        """What a thread shall do; None at the end. Questions first, where it takes both."""
        with self._waiting:
            self._waiting.wait_for(
                lambda: self._closed or (questions and self._questions) or (documents and self._documents)
            )
            if self._closed:
                return None
            if questions and self._questions:
                count = min(len(self._questions), _MOST_QUESTIONS)
                return partial(self._embed_questions, [self._questions.popleft() for _ in range(count)])
            return partial(self._embed_documents, *self._documents.popleft())

    @contextmanager
    def _open(self) -> Iterator[None]:
        """The lock while something is added; wakes the threads afterwards."""
        with self._waiting:
            if self._closed:
                raise RuntimeError("the embedding queue is closed")
            yield
            self._waiting.notify_all()

    def _embed_questions(self, questions: Sequence[Question]) -> None:
        """Those for which somebody waits: after a burst everybody would otherwise get a late answer, which is none."""
        waiting = [one for one in questions if one.future.set_running_or_notify_cancel()]
        late = self._clock()
        for one in (one for one in waiting if one.until < late):
            one.future.set_exception(KnowledgeUnavailable("the model came to this question too late"))
        self._answer([one for one in waiting if one.until >= late])

    def _answer(self, questions: Sequence[Question]) -> None:
        if not questions:
            return
        try:
            vectors = self._embedder.embed_questions([one.text for one in questions])
        except Exception as error:
            if isinstance(error, TextRefused) and len(questions) > 1:
                for one in questions:  # of several customers' questions one was refused: the others are answered
                    self._answer([one])
                return
            for one in questions:
                one.future.set_exception(error)
            return
        for one, vector in zip(questions, vectors, strict=True):
            self._remember(one.text, vector)
            one.future.set_result(vector)

    def _remember(self, text: str, vector: Vector) -> None:
        """A copy: the vector itself is a row of all that were made together, which would be kept with it."""
        if not np.isfinite(vector).all():
            return
        with self._waiting:
            self._remembered[_digest(text)] = vector.copy()
            if len(self._remembered) > _MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]

    def _embed_documents(self, texts: Sequence[str], future: Future[Vectors]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            vectors = self._embedder.embed_documents(texts)
        except Exception as error:
            future.set_exception(error)
            return
        with self._waiting:
            self.embedded += len(texts)
        future.set_result(vectors)


def _digest(text: str) -> bytes:
    """Stands for a question, so that nobody's words are kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _give_way() -> None:
    """Linux gives each thread a priority of its own (sched(7)); elsewhere it would be that of the whole process."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
