"""Vectors from a server that speaks OpenAI's protocol."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.domain.errors import ConfigError, KnowledgeUnavailable
from knowledge.embed.embedder import TextRefused
from knowledge.embed.endpoint import EndpointEmbedder
from knowledge.embed.opening import open_embedder
from knowledge.embed.prompts import Prompts
from knowledge.index.order import IndexOrder
from knowledge.open import open_knowledge
from knowledge.settings import KnowledgeSettings
from tests.integration.knowledge.conftest import PATIENCE
from tests.integration.knowledge.embedding_server import (
    DIMENSIONS,
    KEY,
    MODEL,
    Answer,
    EmbeddingServer,
    embedding_server,
    vector_of,
)
from tests.integration.knowledge.index_bench import Bench
from tests.servers.process import free_port
from tests.unit.core.eventually import eventually


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as running:
        yield running


class Pauses(list[float]):
    """Where pauses are written down instead of being waited for."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def embedder(server: EmbeddingServer, pauses: Pauses) -> EndpointEmbedder:
    made = EndpointEmbedder(server.url, KEY, MODEL, sleep=pauses)
    server.requests.clear()
    return made


def _unit(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    vector = np.asarray(vector_of(text, dimensions), np.float32)
    return [round(float(value), 5) for value in vector / np.linalg.norm(vector)]


def _rows(vectors: Any) -> list[list[float]]:
    return [[round(float(value), 5) for value in row] for row in vectors]


def test_vectors_are_in_the_order_of_the_texts_whatever_the_order_of_the_answer(embedder: EndpointEmbedder) -> None:
    texts = ["one", "two", "three"]
    vectors = embedder.embed_documents(texts)
    assert vectors.dtype == np.float32
    assert _rows(vectors) == [_unit(text) for text in texts]
    assert embedder.dimensions == DIMENSIONS


def test_prompts_stand_before_questions_and_documents(server: EmbeddingServer) -> None:
    embedder = EndpointEmbedder(server.url, KEY, MODEL, prompts=Prompts("query: ", "passage: "))
    embedder.embed_questions(["why"])
    embedder.embed_documents(["because"])
    assert [request["input"] for request in server.requests[1:]] == [["query: why"], ["passage: because"]]


def test_texts_of_nothing_are_not_sent_and_broken_ones_are_mended(
    server: EmbeddingServer, embedder: EndpointEmbedder
) -> None:
    vectors = embedder.embed_documents(["", " \n", "half \ud83d", "whole"])
    assert not vectors[:2].any()
    assert [request["input"] for request in server.requests] == [["half �", "whole"]]
    assert embedder.embed_documents([]).shape == (0, DIMENSIONS)


def test_many_documents_go_in_requests_that_the_server_takes(
    server: EmbeddingServer, embedder: EndpointEmbedder
) -> None:
    long = "word " * 7000
    vectors = embedder.embed_documents([f"text {number}" for number in range(150)] + [long] * 40)
    assert vectors.shape == (190, DIMENSIONS)
    sizes = [len(request["input"]) for request in server.requests]
    assert sum(sizes) == 190
    assert max(sizes) <= embedder.batch
    assert max(sum(len(text) for text in request["input"]) for request in server.requests) < 600_000


def test_a_text_beyond_the_limit_is_cut_before_it_is_sent(server: EmbeddingServer) -> None:
    embedder = EndpointEmbedder(server.url, KEY, MODEL, limit=100)
    embedder.embed_documents(["seven words " * 500])
    (sent,) = server.requests[-1]["input"]
    assert embedder.count([sent])[0] <= 100 < embedder.count(["seven words " * 500])[0]


def test_where_the_estimate_was_too_low_only_the_text_that_is_too_long_is_halved(
    server: EmbeddingServer, embedder: EndpointEmbedder
) -> None:
    server.longest = 100
    vectors = embedder.embed_documents(["short", "x" * 150, "brief"])
    assert _rows(vectors) == [_unit("short"), _unit("x" * 75), _unit("brief")]


def test_a_busy_server_is_waited_for_as_long_as_it_says(
    server: EmbeddingServer, embedder: EndpointEmbedder, pauses: Pauses
) -> None:
    busy = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
    server.instead.extend([Answer(429, busy, {"retry-after": "7"}), Answer(503, b"<html>busy</html>")])
    assert _rows(embedder.embed_documents(["text"])) == [_unit("text")]
    assert pauses[0] == 7.0
    assert 0.5 < pauses[1] < 1.5


def test_a_customer_does_not_wait_that_long(
    server: EmbeddingServer, embedder: EndpointEmbedder, pauses: Pauses
) -> None:
    server.instead.append(Answer(429, {"error": {"message": "Rate limit reached"}}, {"retry-after": "30"}))
    with pytest.raises(KnowledgeUnavailable, match="429: Rate limit reached"):
        embedder.embed_questions(["why"])
    assert pauses == []


def test_a_used_up_quota_is_not_asked_for_again(
    server: EmbeddingServer, embedder: EndpointEmbedder, pauses: Pauses
) -> None:
    body = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    server.instead.append(Answer(429, body))
    with pytest.raises(KnowledgeUnavailable, match="exceeded your current quota"):
        embedder.embed_documents(["text"])
    assert pauses == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, b"<html>a proxy's page</html>"), "no list of vectors"),
        (Answer(200, {"data": []}), "1 vectors"),
        (Answer(200, {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}), "of 16 figures"),
        (Answer(200, {"data": [{"index": 0, "embedding": [0.0] * 16}]}), "without a direction"),
        (Answer(200, {"data": [{"index": 0, "embedding": [None] * 16}]}), "direction|no list"),
        (Answer(400, {"error": {"message": "nonsense"}}), "400: nonsense"),
        (Answer(400, {"error": "nonsense"}), "400: nonsense"),
    ],
)
def test_what_is_no_answer_is_said(
    server: EmbeddingServer, embedder: EndpointEmbedder, answer: Answer, said: str
) -> None:
    server.instead.append(answer)
    with pytest.raises(KnowledgeUnavailable, match=said):
        embedder.embed_documents(["text"])


def _poisoned(status: int, body: Any) -> Callable[[dict[str, Any]], Answer | None]:
    return lambda asked: Answer(status, body) if any("poison" in text for text in asked["input"]) else None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "the input was rejected"}}),
        (500, {"error": {"message": "internal error"}}),
        (200, None),
    ],
)
def test_a_text_that_is_refused_stops_no_other_document(
    server: EmbeddingServer, embedder: EndpointEmbedder, tmp_path: Path, status: int, body: Any
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(12):
        (docs / f"{number}.md").write_text(f"# Refunds {number}\n\nWithin {number} days.")
    (docs / "bad.md").write_text("# Bad\n\nThis is poison.")
    server.refuses = _poisoned(status, body)
    if status == 200:
        server.refuses = lambda asked: Answer(200, _zeros(asked)) if "poison" in str(asked["input"]) else None
    bench = Bench(docs, tmp_path / "chroma")
    run = bench.made()
    run._embed = embedder.embed_documents

    report = run.run(IndexOrder([str(docs)]), lambda progress: None)

    assert report.indexed == 12
    [(source, reason)] = report.failures
    assert source == "docs/bad.md"
    assert "the embedding server" in reason
    assert len(bench.sources()) == 12
    assert bench.index().counts()[0] == 12, "and it is seen"


def _zeros(asked: dict[str, Any]) -> Any:
    vectors = [[0.0] * 16 if "poison" in text else vector_of(text) for text in asked["input"]]
    return {"data": [{"index": number, "embedding": vector} for number, vector in enumerate(vectors)]}


def test_a_server_that_fails_over_everything_is_away(
    server: EmbeddingServer, embedder: EndpointEmbedder, pauses: Pauses
) -> None:
    server.refuses = lambda asked: Answer(503, {"error": {"message": "model is loading"}})
    with pytest.raises(KnowledgeUnavailable, match="503: model is loading") as away:
        embedder.embed_documents(["one", "two"])
    assert not isinstance(away.value, TextRefused)
    assert len(pauses) <= 8


def test_only_settings_mend_a_wrong_key_address_or_model(server: EmbeddingServer) -> None:
    with pytest.raises(ConfigError, match="EMBEDDING_API_KEY") as refused:
        EndpointEmbedder(server.url, "sk-wrong-key", MODEL)
    assert "sk-wrong-key" not in refused.value.detail
    with pytest.raises(ConfigError, match="EMBEDDING_BASE_URL"):
        EndpointEmbedder(server.url.removesuffix("/v1"), KEY, MODEL)
    with pytest.raises(ConfigError, match="EMBEDDING_MODEL"):
        EndpointEmbedder(server.url, KEY, "no-such-model")


def test_a_server_that_is_away_is_tried_again_and_then_named(pauses: Pauses) -> None:
    with pytest.raises(KnowledgeUnavailable, match=r"127\.0\.0\.1 does not answer"):
        EndpointEmbedder(f"http://127.0.0.1:{free_port()}/v1", KEY, MODEL, sleep=pauses)
    assert len(pauses) == 1


def test_the_fingerprint_is_of_server_model_dimensions_and_prompts(server: EmbeddingServer) -> None:
    made = [
        EndpointEmbedder(server.url, KEY, MODEL),
        EndpointEmbedder(server.url + "/", KEY, MODEL),
        EndpointEmbedder(server.url, KEY, MODEL, dimensions=8),
        EndpointEmbedder(server.url, KEY, MODEL, prompts=Prompts("query: ", "")),
    ]
    assert [embedder.dimensions for embedder in made] == [DIMENSIONS, DIMENSIONS, 8, DIMENSIONS]
    assert made[0].fingerprint == made[1].fingerprint
    assert len({embedder.fingerprint for embedder in made}) == 3


def test_settings_lead_to_it(server: EmbeddingServer, settings: KnowledgeSettings) -> None:
    endpoint = replace(settings, embedding_url=server.url, embedding_key=KEY)
    with pytest.raises(ConfigError, match="EMBEDDING_MODEL"):
        open_embedder(endpoint)
    assert open_embedder(replace(endpoint, embedding_model=MODEL)).name == MODEL
    assert KEY not in repr(endpoint)


@pytest.mark.slow
async def test_a_server_that_comes_up_late_is_found_and_a_question_is_answered_by_its_vectors(
    server: EmbeddingServer, settings: KnowledgeSettings, tmp_path: Path
) -> None:
    """The process that could not reach it is started again; nobody has to restart the hub."""
    server.instead.extend([Answer(503, {"error": {"message": "model is loading"}})] * 2)
    (tmp_path / "refunds.md").write_text("# Refunds\n\nRefunds arrive within five working days.\n")
    chosen = replace(settings, embedding_url=server.url, embedding_key=KEY, embedding_model=MODEL, threshold=-1.0)
    knowledge = open_knowledge(chosen)
    await knowledge.start()
    try:
        await knowledge.warm(PATIENCE)
        assert server.instead == deque()
        report = await knowledge.writer.index([str(tmp_path / "refunds.md")])
        assert (report.indexed, report.failures) == (1, ())
        found = await knowledge.retriever.retrieve("When do refunds arrive?")
    finally:
        await knowledge.close()
    assert "five working days" in found.passages[0].content
    assert any("five working days" in text for request in server.requests for text in request["input"])


@pytest.mark.slow
async def test_a_server_that_is_busy_after_a_run_leaves_no_threshold_that_was_not_measured(
    server: EmbeddingServer, settings: KnowledgeSettings, tmp_path: Path
) -> None:
    """Nothing changes in the index afterwards, and nobody restarts anything."""
    busy = Answer(429, {"error": {"message": "Rate limit reached"}}, {"retry-after": "60"})
    server.refuses = lambda asked: None if "working days" in asked["input"][0] or len(asked["input"]) == 1 else busy
    (tmp_path / "refunds.md").write_text("# Refunds\n\nRefunds arrive within five working days.\n")
    knowledge = open_knowledge(
        replace(settings, embedding_url=server.url, embedding_key=KEY, embedding_model=MODEL, threshold=None)
    )
    await knowledge.start()
    try:
        await knowledge.warm(PATIENCE)
        await knowledge.writer.index([str(tmp_path / "refunds.md")])
        assert knowledge.health().summary.endswith("the threshold could not be measured yet, and is tried again")
        stand_in = (await knowledge.retriever.retrieve("When do refunds arrive?")).threshold
        server.refuses = lambda asked: None
        await eventually(lambda: knowledge.health().measured, seconds=PATIENCE)
        assert (await knowledge.retriever.retrieve("When do refunds arrive?")).threshold != stand_in
        assert knowledge.health().summary == "1 documents, 1 passages"
    finally:
        await knowledge.close()


def test_masked_texts_reach_the_server_without_personal_data(server: EmbeddingServer) -> None:
    plain = EndpointEmbedder(server.url, KEY, MODEL)
    masked = EndpointEmbedder(server.url, KEY, MODEL, masks=True)
    server.requests.clear()
    vectors = masked.embed_questions(["I am ada@example.com", "bob@example.com"])
    masked.embed_documents(["Call +49 170 1234567."])
    sent = [text for request in server.requests for text in request["input"]]
    assert sent == ["I am [email 1]", "[email 1]", "Call [phone 1]."]
    assert len(vectors) == 2
    assert plain.fingerprint != masked.fingerprint, "an index of unmasked texts is not searched with masked ones"
