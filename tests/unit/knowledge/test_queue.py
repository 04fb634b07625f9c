"""Questions overtake documents, and those that wait together are embedded together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.errors import KnowledgeUnavailable
from knowledge.embed.embedder import TextRefused, Vectors
from knowledge.embed.prompts import family_prompts
from knowledge.embed.queue import EmbeddingQueue
from tests.patience import PATIENCE


class RecordingEmbedder:
    """Writes down what it was asked, and waits at the gate before each batch of documents."""

    limit, fingerprint, name, dimensions = 254, "f", "recording", 1
    lanes, batch = 0, 4

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.gate = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def knows(self, word: str) -> bool:
        return True

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        if "bad" in texts:
            raise ValueError("no vector for this")
        if "refused" in texts:
            raise TextRefused("no vector for one of these")
        self.asked.append(("questions", len(texts)))
        return np.asarray([[len(text)] for text in texts], np.float32)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.arrived.release()
        assert self.gate.acquire(timeout=PATIENCE)
        self.asked.append(("documents", len(texts)))
        return np.asarray([[len(text)] for text in texts], np.float32)


@pytest.fixture
def embedder() -> RecordingEmbedder:
    return RecordingEmbedder()


@pytest.fixture
def queue(embedder: RecordingEmbedder) -> Iterator[EmbeddingQueue]:
    queue = EmbeddingQueue(embedder)
    thread = threading.Thread(target=queue.run)
    thread.start()
    yield queue
    queue.close()
    for _ in range(20):
        embedder.gate.release()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_questions_go_before_the_next_documents_and_together(
    queue: EmbeddingQueue, embedder: RecordingEmbedder
) -> None:
    vectors: list[NDArray[np.float32]] = []
    indexing = threading.Thread(target=lambda: vectors.extend(queue.documents(["x" * n for n in range(40, 0, -1)])))
    indexing.start()
    assert embedder.arrived.acquire(timeout=PATIENCE)
    questions = [queue.question("q" * n) for n in (3, 5)]
    for _ in range(10):
        embedder.gate.release()
    indexing.join(PATIENCE)

    assert [list(future.result(PATIENCE)) for future in questions] == [[3.0], [5.0]]
    assert embedder.asked == [("documents", 4), ("questions", 2), *[("documents", 4)] * 9]
    assert [list(vector) for vector in vectors] == [[float(n)] for n in range(40, 0, -1)]
    assert queue.embedded == 40


def test_a_question_that_comes_again_is_not_embedded_again(queue: EmbeddingQueue, embedder: RecordingEmbedder) -> None:
    for _ in range(3):
        assert list(queue.question("hello").result(PATIENCE)) == [5.0]
    assert embedder.asked == [("questions", 1)]


def test_of_many_questions_those_that_were_asked_last_are_remembered(
    queue: EmbeddingQueue, embedder: RecordingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.embed.queue._MOST_REMEMBERED", 2)
    for text in ("a", "bb", "a", "ccc", "a", "bb"):
        assert list(queue.question(text).result(PATIENCE)) == [len(text)]
    assert embedder.asked == [("questions", 1)] * 4, "bb is the one that was not asked lately"


def test_a_vector_that_a_model_failed_to_make_is_not_remembered(
    queue: EmbeddingQueue, embedder: RecordingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder, "embed_questions", lambda texts: np.full((len(texts), 1), np.nan, np.float32))
    assert np.isnan(queue.question("hello").result(PATIENCE)).all()
    monkeypatch.undo()
    assert list(queue.question("hello").result(PATIENCE)) == [5.0]


class TwoLanes(RecordingEmbedder):
    """A model that several threads may use at once."""

    lanes = 2


def test_questions_do_not_wait_for_documents_where_threads_share_the_model() -> None:
    embedder = TwoLanes()
    queue = EmbeddingQueue(embedder)
    answering = threading.Thread(target=queue.run)
    answering.start()
    indexing = threading.Thread(target=queue.documents, args=(["x"] * 12,))
    indexing.start()
    try:
        assert embedder.arrived.acquire(timeout=PATIENCE)
        assert embedder.arrived.acquire(timeout=PATIENCE)
        assert list(queue.question("q").result(PATIENCE)) == [1.0]
        assert embedder.asked == [("questions", 1)]
    finally:
        for _ in range(3):
            embedder.gate.release()
        indexing.join(PATIENCE)
        queue.close()
        answering.join(PATIENCE)
    assert queue.embedded == 12


class Failing(RecordingEmbedder):
    """Its first batch of documents goes wrong; the next one waits at the gate."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if not self.asked:
            self.asked.append(("documents", len(texts)))
            raise ValueError("out of order")
        return super().embed_documents(texts)


def test_after_an_error_the_rest_of_the_documents_is_not_embedded() -> None:
    embedder = Failing()
    queue = EmbeddingQueue(embedder)
    answering = threading.Thread(target=queue.run)
    answering.start()
    with pytest.raises(ValueError, match="out of order"):
        queue.documents(["x"] * 400)
    embedder.gate.release()
    assert list(queue.question("q").result(PATIENCE)) == [1.0]
    queue.close()
    answering.join(PATIENCE)
    assert [kind for kind, _ in embedder.asked].count("documents") <= 2


def test_an_error_reaches_those_who_asked_and_the_queue_goes_on(queue: EmbeddingQueue) -> None:
    with pytest.raises(ValueError, match="no vector"):
        queue.question("bad").result(PATIENCE)

    assert list(queue.question("fine").result(PATIENCE)) == [4.0]


def test_a_question_that_is_refused_is_no_other_customers_fault(embedder: RecordingEmbedder) -> None:
    queue = EmbeddingQueue(embedder)
    asked = {text: queue.question(text) for text in ("why", "refused", "when")}
    thread = threading.Thread(target=queue.run)
    thread.start()
    try:
        assert [float(asked[text].result(PATIENCE)[0]) for text in ("why", "when")] == [3.0, 4.0]
        with pytest.raises(TextRefused):
            asked["refused"].result(PATIENCE)
    finally:
        queue.close()
        thread.join(PATIENCE)


def test_whom_nobody_waits_for_any_more_is_left_out_and_the_others_are_answered(embedder: RecordingEmbedder) -> None:
    """After a burst everybody would otherwise get a late answer, which is none."""
    queue = EmbeddingQueue(embedder, clock=lambda: 100.0)
    asked = {text: queue.question(text, until=until) for text, until in (("gone", 99.0), ("here", 101.0))}
    given_up = queue.question("given up")
    assert given_up.cancel()
    thread = threading.Thread(target=queue.run)
    thread.start()
    try:
        assert list(asked["here"].result(PATIENCE)) == [4.0]
        with pytest.raises(KnowledgeUnavailable, match="too late"):
            asked["gone"].result(PATIENCE)
        assert list(queue.question("next").result(PATIENCE)) == [4.0], "the thread goes on"
        assert embedder.asked == [("questions", 1)] * 2
    finally:
        queue.close()
        thread.join(PATIENCE)


def test_of_too_many_that_wait_the_last_is_told_at_once(embedder: RecordingEmbedder) -> None:
    queue = EmbeddingQueue(embedder)
    first, *_, last = [queue.question("q") for _ in range(2_000)]

    with pytest.raises(KnowledgeUnavailable, match="too many"):
        last.result(0)
    assert not first.done()
    queue.close()


def test_a_closed_queue_refuses(embedder: RecordingEmbedder) -> None:
    queue = EmbeddingQueue(embedder)
    waiting = queue.question("q")
    queue.close()

    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        queue.question("q")


@pytest.mark.parametrize(
    ("model", "question"),
    [
        ("intfloat/multilingual-e5-small", "query: "),
        ("/models/e5-base-v2/", "query: "),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: "),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: "),
        ("all-MiniLM-L6-v2", ""),
        ("BAAI/bge-m3", ""),
    ],
)
def test_prompts_of_model_families(model: str, question: str) -> None:
    assert family_prompts(model)[0] == question
